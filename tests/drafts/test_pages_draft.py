"""Writing a batch: three steps on one page, saved while one types, refused where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_q.signing import SignedPackage

from batchsite.batches.models import Batch, ModelOffer
from batchsite.datasets import sample
from batchsite.datasets.models import DatasetState
from batchsite.drafts import draft_store
from batchsite.processes.queue import broker_of
from batchsite.submission import actions
from batchsite.teams.accounts import sandbox_url
from batchsite.teams.models import Team, User
from batchsite.wording import about
from tests.factories import make_dataset
from tests.submission.stories import a_dataset, a_draft

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
TYPED = {"name": "Sorting", "prompt": "Sort {{text}}", "system_prompt": "", "model": "grok-4.3", "row": "1"}


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    return a_draft(team, alice)


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def url(name: str, batch: Batch) -> str:
    return reverse(name, args=[batch.pk])


def post(site: Client, view: str, batch: Batch, *, htmx: bool = False, **typed: Any) -> Any:
    answer = site.post(url(view, batch), TYPED | typed, headers=HTMX if htmx else {})
    batch.refresh_from_db()
    return answer


def submit(site: Client, batch: Batch) -> Any:
    """The button of the review."""
    reviewed = re.search(r'name="reviewed" value="(\w+)"', text_of(site.get(url("batch-review", batch))))
    assert reviewed
    answer = site.post(url("batch-submit", batch), {"reviewed": reviewed[1]})
    batch.refresh_from_db()
    return answer


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def problems_at(field: str, page: str) -> str:
    """What stands at the place for the problems of a field."""
    found = re.search(rf'<div id="id_{field}_error"[^>]*>(.*?)</div>', page)
    assert found
    return found[1]


# ---- choosing the data -----------------------------------------------------------------------------


def test_a_batch_begins_with_a_dataset_that_is_ready(team: Team, site: Client, charlie: User) -> None:
    ready, importing = a_dataset(team), a_dataset(team, name="still coming", state=DatasetState.IMPORTING)
    page = text_of(site.get(reverse("batch-new")))
    assert "questions.csv" in page
    assert importing.name not in page
    answer = site.post(reverse("batch-new"), {"dataset": ready.pk})
    batch = Batch.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url("batch-edit", batch))
    assert (batch.dataset, batch.team, batch.state) == (ready, team, "draft")


def test_the_sample_is_one_click_away_and_leads_to_its_draft(site: Client) -> None:
    first, second = (site.post(reverse("batch-new"), {"dataset": "sample"}) for _ in range(2))
    batch = Batch.objects.get()
    assert first["Location"] == second["Location"] == url("batch-edit", batch)
    assert batch.dataset.name == sample.NAME


def test_without_a_dataset_the_way_to_one_is_shown(site: Client) -> None:
    assert "No dataset is ready" in text_of(site.get(reverse("batch-new")))


@pytest.mark.parametrize("dataset", ["", "x", "0", "99999999999999999999999"])
def test_a_dataset_that_is_none_is_not_found(dataset: str, site: Client) -> None:
    assert site.post(reverse("batch-new"), {"dataset": dataset}).status_code == 404


def test_the_dataset_of_another_team_is_not_found(charlie: User, site: Client) -> None:
    theirs = a_dataset(charlie.teams.get())
    assert site.post(reverse("batch-new"), {"dataset": theirs.pk}).status_code == 404
    assert not Batch.objects.exists()


# ---- the page ------------------------------------------------------------------------------------------


def test_the_page_shows_what_will_be_sent_and_what_it_costs(draft: Batch, site: Client) -> None:
    page = text_of(site.get(url("batch-edit", draft), {"row": 7}))
    assert "Sort this: Question 7" in page
    assert 'data-insert="{{text}}"' in page
    assert "20 rows × 1 prompt" in page
    assert "grok-4.3: $1.00 in, $2.00 out per million tokens" in page
    assert "Prompts measured on all 20 rows" in page
    assert "simulated, costs nothing" in page


def test_a_row_beyond_the_end_shows_the_last(draft: Batch, site: Client) -> None:
    assert "Question 20" in text_of(site.get(url("batch-edit", draft), {"row": 10**12}))


def test_a_column_is_named_as_it_is_whatever_it_holds(team: Team, alice: User, site: Client) -> None:
    dataset = make_dataset(team, ['a "b"', "<i>", "naïve }} one"], [["1", "2", "3"]])
    draft = a_draft(team, alice, dataset, prompt="{{naïve }} one}} {{<i>}}")
    page = text_of(site.get(url("batch-edit", draft)))
    assert 'data-insert="{{a &quot;b&quot;}}"' in page
    assert 'data-insert="{{&lt;i&gt;}}"' in page
    assert ">3 2</pre>" in page


def test_a_model_that_runs_in_no_batch_can_be_chosen_to_run_live(draft: Batch, site: Client) -> None:
    for model in ("grok-4.3", "grok-4.7"):
        ModelOffer.objects.create(
            base_url=sandbox_url(),
            model=model,
            input_price=20_000,
            cached_price=5_000,
            output_price=60_000,
            refreshed_at="2026-01-01T00:00Z",
        )
    page = text_of(site.get(url("batch-edit", draft)))
    assert re.search(r'<option value="grok-4.7">grok-4.7: runs live only, \$2.00 in, \$6.00 out', page)
    assert re.search(r'<option value="grok-4.3" selected>grok-4.3: \$1.60 in, \$4.80 out', page)
    in_vain = text_of(site.post(url("batch-check", draft), {"model": "grok-4.7"}))
    assert "xAI does not offer grok-4.7 for batches. Run it live, or choose another model." in in_vain
    review = site.post(url("batch-check", draft), {"runs_live": "live"}, follow=True)
    assert review.redirect_chain == [(url("batch-review", draft), 302)]
    words = " ".join(text_of(review).split())
    assert "each row asked right away, at list price" in words
    assert "Run it in a batch" not in words


def test_both_ways_are_compared_by_time_and_cost_in_words(draft: Batch, site: Client) -> None:
    price = draft_store.estimate_of(draft)
    ways = draft_store.ways_of(draft, price)
    assert price
    assert ways
    assert ways.live
    assert price.likely * 100 // 80 == pytest.approx(ways.live.likely, abs=len(draft.rows))
    assert ways.words == f"{ways.rows} rows in about a minute, for {about(ways.more)} more"
    assert ways.words in text_of(site.get(url("batch-edit", draft)))
    site.post(url("batch-check", draft), {"runs_live": "live"})
    draft.refresh_from_db()
    assert draft.runs_live
    reviewed = draft_store.estimate_of(draft)
    assert reviewed
    assert reviewed.likely == ways.live.likely


def test_rows_that_could_not_be_sent_are_listed_with_a_way_to_them(draft: Batch, site: Client) -> None:
    found = [{"row": row, "message": "The prompt is empty"} for row in range(1, 13)]
    Batch.objects.filter(pk=draft.pk).update(problems=found, problem_count=1500)
    page = text_of(site.get(url("batch-edit", draft)))
    assert "1,500 rows can’t be sent as they are" in " ".join(page.split())
    assert page.count("The prompt is empty") == 12
    assert 'href="?row=12#prompt-step"' in page


# ---- while one types -----------------------------------------------------------------------------------


def test_what_is_typed_is_saved_and_shown_at_once(draft: Batch, site: Client) -> None:
    answer = post(
        site,
        "batch-preview",
        draft,
        htmx=True,
        prompt="New:\r\n{{text}}",
        system_prompt=" You are {{id}} ",
        row=3,
        row_limit="5",
        temperature="0.5",
        max_completion_tokens="64",
        auto_retries="2",
        deadline_hours="12",
        id_column="id",
    )
    assert draft.prompt == "New:\n{{text}}"
    assert draft.system_prompt == " You are {{id}} "
    assert (draft.row_limit, draft.auto_retries, draft.deadline_hours, draft.id_column) == (5, 2, 12, "id")
    assert draft.params == {"temperature": 0.5, "max_completion_tokens": 64}
    part = text_of(answer)
    assert "<html" not in part
    assert "New:\nQuestion 3" in answer.content.decode()
    assert "You are c3" in part
    assert "5 rows × 2 messages" in part
    assert ">Saved<" in part
    assert '<hx-partial hx-target="#sum">' in part


def test_parameters_that_the_page_does_not_show_stay(draft: Batch, site: Client) -> None:
    Batch.objects.filter(pk=draft.pk).update(params={"seed": 7, "temperature": 1})
    post(site, "batch-preview", draft, htmx=True, temperature="")
    assert draft.params == {"seed": 7}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("prompt", "{{txet}}", "There is no column “txet”. Did you mean {{text}}?"),
        ("system_prompt", "{{nope}}", "There is no column “nope”."),
        ("temperature", "5", "A number from 0 to 2."),
        ("temperature", "warm", "A number from 0 to 2."),
        ("temperature", "nan", "A number from 0 to 2."),
        ("max_completion_tokens", "1.5", "A whole number from 1 to 1,000,000."),
        ("row_limit", "21", "The dataset has rows 1 to 20."),
        ("row_limit", "0", "The dataset has rows 1 to 20."),
        ("row_limit", "99999999999999999999", "The dataset has rows 1 to 20."),
        ("model", "grok-4.7", "xAI does not offer grok-4.7 for batches."),
        ("deadline_hours", "0", "Enter a whole number from 1 to 720."),
        ("auto_retries", "x", "Enter a whole number from 0 to 10."),
        ("prompt", "a\0b", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(field: str, typed: str, words: str, draft: Batch, site: Client) -> None:
    part = text_of(post(site, "batch-preview", draft, htmx=True, **{field: typed}))
    assert words in problems_at(field, part).replace("&#x27;", "'")
    refused = post(site, "batch-check", draft, htmx=False, **{field: typed})
    assert refused.status_code == 422
    assert words in problems_at(field, text_of(refused))
    assert draft.state == "draft"


def test_a_field_that_is_still_empty_is_not_called_wrong_while_one_types(draft: Batch, site: Client) -> None:
    part = text_of(post(site, "batch-preview", draft, htmx=True, prompt=" "))
    assert problems_at("prompt", part) == ""
    assert "Before you can submit:" in part
    assert "Write a prompt." in part


def test_without_a_prompt_there_is_no_price_and_nothing_to_submit(draft: Batch, site: Client) -> None:
    part = text_of(post(site, "batch-preview", draft, htmx=True, prompt=" "))
    assert "once there is a prompt" in part
    assert "$" not in part
    assert draft.estimate is None
    button = re.search(r'<button class="btn main" id="review-button"[^>]*>', part)
    assert button
    assert 'aria-disabled="true"' in button[0]
    written = text_of(post(site, "batch-preview", draft, htmx=True))
    assert "about $0.0" in written
    assert "aria-disabled" not in written


def test_a_review_that_comes_too_early_leads_to_what_is_missing(draft: Batch, site: Client) -> None:
    Batch.objects.filter(pk=draft.pk).update(prompt="", name="")
    answer = site.get(url("batch-review", draft), follow=True)
    page = text_of(answer)
    assert answer.redirect_chain == [(url("batch-edit", draft) + "?checked=1", 302)]
    assert '<a href="#id_prompt_error">Write a prompt.</a>' in page
    assert problems_at("prompt", page) == '<p class="wrong">Write a prompt.</p>'
    assert problems_at("name", page) == '<p class="wrong">Give the batch a name.</p>'


def test_the_steps_say_what_is_done(draft: Batch, site: Client) -> None:
    Batch.objects.filter(pk=draft.pk).update(prompt="")
    steps = _stages(text_of(site.get(url("batch-edit", draft))))
    assert [(title, done) for title, done, _ in steps][:2] == [("Data", True), ("Prompt", False)]
    assert [title for title, _, here in steps if here] == ["Prompt"]
    post(site, "batch-preview", draft)
    assert [title for title, _, here in _stages(text_of(site.get(url("batch-edit", draft)))) if here] == ["Try"]
    assert [title for title, _, here in _stages(text_of(site.get(url("batch-review", draft)))) if here] == ["Review"]


def _stages(page: str) -> list[tuple[str, bool, bool]]:
    """Returns (title, whether it is done, whether one is there) of the bar of steps."""
    bar = page[page.index('id="stages"') : page.index("</nav>", page.index('id="stages"'))]
    entries = re.findall(r'<li class="(\w*)"([^>]*)>(.*?)</li>', bar)
    words = [(re.sub("<[^>]+>", "", text).replace("(done)", "").strip(), *rest) for *rest, text in entries]
    return [(title, done == "done", "aria-current" in here) for title, done, here in words]


def test_a_field_named_like_a_column_is_said_with_its_name_in_downloads(draft: Batch, site: Client) -> None:
    blank: dict[str, Any] = {"type": "text", "values": [], "description": "", "required": True}
    fields = [blank | {"name": name} for name in ("id", "x")]
    Batch.objects.filter(pk=draft.pk).update(shape={"fields": fields})
    page = text_of(site.get(url("batch-edit", draft)))
    assert "in downloads the answer’s “id” is called “id_2”." in page


def test_a_prompt_without_any_column_is_a_warning(draft: Batch, site: Client) -> None:
    part = text_of(post(site, "batch-preview", draft, htmx=True, prompt="The same for all"))
    assert "No column is used: every row gets the same prompt." in part
    assert "1 warning above" in part


def test_text_of_people_is_text_and_nothing_else(team: Team, alice: User, site: Client) -> None:
    evil = '<script>alert(1)</script>" onfocus="x \u202eevil'
    draft = a_draft(team, alice, make_dataset(team, ["text"], [[evil]], name=evil), name=evil)
    for answer in (
        site.get(url("batch-edit", draft)),
        post(site, "batch-preview", draft, htmx=True, name=evil, prompt=evil + "{{text}}{{<b>}}"),
        post(site, "batch-preview", draft, htmx=True, name=evil, prompt=evil + "{{text}}"),
    ):
        page = text_of(answer)
        assert "<script>alert" not in page
        assert '" onfocus="x' not in page
        assert "<b>}}" not in page


# ---- without JavaScript ----------------------------------------------------------------------------------


def test_the_buttons_do_the_whole_job(draft: Batch, site: Client) -> None:
    answer = post(site, "batch-preview", draft, prompt="Plain {{text}}", row=4, step="next")
    assert (answer.status_code, answer["Location"]) == (302, url("batch-edit", draft) + "?row=5#prompt-step")
    assert draft.prompt == "Plain {{text}}"


def test_what_cannot_be_saved_comes_back_as_it_was_typed(draft: Batch, site: Client) -> None:
    answer = post(site, "batch-preview", draft, row_limit="lots", prompt="Kept {{text}}")
    assert answer.status_code == 422
    assert 'value="lots"' in text_of(answer)
    assert draft.prompt == "Kept {{text}}"


# ---- submitting ------------------------------------------------------------------------------------------


def test_a_draft_is_submitted_as_it_was_typed_last(draft: Batch, alice: User, site: Client) -> None:
    answer = post(site, "batch-check", draft, prompt="Last: {{text}}", row_limit="3")
    assert (answer.status_code, answer["Location"]) == (302, url("batch-review", draft))
    answer = submit(site, draft)
    assert (answer.status_code, answer["Location"]) == (302, url("batch", draft))
    assert (draft.state, draft.prompt, draft.total, draft.started_by) == ("queued", "Last: {{text}}", 3, alice)
    assert draft.estimate is not None
    assert draft.estimate["rows"] == 3


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_called_at_once(draft: Batch, site: Client) -> None:
    broker = broker_of("short")
    broker.purge_queue()
    submit(site, draft)
    assert broker.queue_size() == 1
    _, message = broker.dequeue()[0]
    task = SignedPackage.loads(message)
    assert (task["func"], task["args"]) == ("batchsite.submission.tasks.step", (draft.submissions.get().pk,))
    broker.purge_queue()


def test_a_refused_form_keeps_all_that_was_typed(draft: Batch, site: Client) -> None:
    answer = post(
        site, "batch-check", draft, name="", prompt="Sort {{txet}}", system_prompt="Be <kind>", temperature="9"
    )
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Not submitted yet" in page
    for kept in ("Sort {{txet}}", "Be &lt;kind&gt;", 'value="9"'):
        assert kept in page
    assert problems_at("name", page) == '<p class="wrong">Give the batch a name.</p>'
    assert page.count('aria-invalid="true"') == 3
    assert (draft.state, draft.prompt) == ("draft", "Sort {{txet}}")


@pytest.mark.parametrize("name", ["batch-preview", "batch-check", "batch-submit", "batch-fill", "batch-keep"])
def test_what_was_submitted_meanwhile_is_not_changed_any_more(name: str, draft: Batch, site: Client) -> None:
    actions.start(draft, None, None)
    answer = post(site, name, draft, prompt="Too late {{text}}")
    assert (answer.status_code, answer["Location"]) == (302, url("batch", draft))
    assert draft.prompt == "Sort this: {{text}}"
    live = post(site, name, draft, htmx=True, prompt="Too late {{text}}")
    assert (live.status_code, live["HX-Redirect"]) == (200, url("batch", draft))
    assert site.get(url("batch-edit", draft))["Location"] == url("batch", draft)


@pytest.mark.parametrize(
    "name",
    ["batch-edit", "batch-preview", "batch-check", "batch-review", "batch-submit", "batch-fill", "batch-keep"],
)
def test_outsiders_find_nothing(name: str, draft: Batch, charlie: User, client_of: Browser) -> None:
    outsider = client_of(charlie)
    ask = outsider.get if name in ("batch-edit", "batch-review") else outsider.post
    assert ask(url(name, draft)).status_code == 404
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_second_batch_of_a_dataset_has_a_name_of_its_own(team: Team, alice: User, site: Client) -> None:
    dataset = make_dataset(team, name="n" * 200)
    for wanted in ("n" * 200, "n" * 190 + " 2", "n" * 190 + " 3"):
        site.post(reverse("batch-new"), {"dataset": dataset.pk})
        draft = Batch.objects.latest("pk")
        assert draft.name == wanted
        Batch.objects.filter(pk=draft.pk).update(prompt="{{text}}")
