"""Pictures of pages, to be looked at: wide and narrow, light and dark, into var/look/.

    .venv/bin/python -m tests.browser.look http://127.0.0.1:8000 /datasets/ /team --email … --password …

Signs in where an e-mail is given. Prints what the browser complained about (scripts, refused styles), what
sticks out of a narrow page, and what axe-core finds; exits 1 if there was anything.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.needs import installed_chromium

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
SIZES = {"wide": (1280, 860), "narrow": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED = """() => Promise.race([
    new Promise(resolve => setTimeout(resolve, 1000)),
    Promise.all(document.getAnimations()
        .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
        .map(one => one.finished.catch(() => null))),
]).then(() => null)"""
"""Waits for what fades in; not for ever, as an animation of a part that is hidden meanwhile does not end."""
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
VIOLATIONS = "rules => axe.run(document, rules).then(found => found.violations)"
"""All else that axe-core tells would take longer to hand over than to find."""


def complaints_of(page: Page) -> list[str]:
    """A list that fills with whatever the console of `page` complains about."""
    heard: list[str] = []
    page.on("console", lambda line: heard.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def accessibility(page: Page) -> list[str]:
    """What axe-core finds on the page, a line each. Colours count once what fades in is there."""
    page.evaluate(SETTLED)
    page.evaluate(AXE.read_text())  # by the debugger: the page's own policy lets no such script in
    violations: list[dict[str, Any]] = page.evaluate(VIOLATIONS, RULES)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in violations for node in one["nodes"]]


def faults_everywhere(page: Page) -> list[str]:
    """What axe-core finds and what sticks out, a line each: wide and narrow, light and dark."""
    faults: list[str] = []
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            found = accessibility(page)
            if (beyond := page.evaluate(STICKS_OUT)) > 0:
                found.append(f"{beyond} px stick out")
            faults += [f"{page.url} {size} {scheme}: {line}" for line in found]
    return faults


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    page.goto(f"{base}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def look(browser: Browser, base: str, paths: list[str], account: tuple[str, str] | None, folder: Path) -> list[str]:
    """Take the pictures; all complaints, with where they came from."""
    complaints: list[str] = []
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            heard = complaints_of(page)
            if account:
                sign_in(page, base, *account)
            for path in paths:
                page.goto(base + path)
                name = re.sub(r"\W+", "-", path).strip("-") or "home"
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True, caret="initial")
                if (beyond := page.evaluate(STICKS_OUT)) > 0:
                    heard.append(f"{beyond} px stick out")
                heard.extend(accessibility(page))
                complaints.extend(f"{path} {size} {scheme}: {line}" for line in heard)
                heard.clear()
            context.close()
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--email", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "look")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    account = (given.email, given.password) if given.email else None
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=installed_chromium(), args=["--disable-dev-shm-usage"])
        complaints = look(browser, given.base.rstrip("/"), given.paths, account, given.folder)
    print("\n".join(complaints) or "No complaints.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
