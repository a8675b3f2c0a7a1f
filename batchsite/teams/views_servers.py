"""Remote MCP servers of the team: approve one, take one back. A page never contains a token."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.teams import security_log, tool_servers
from batchsite.teams.requests import TeamRequest
from batchsite.teams.server_form import ToolServerForm
from batchsite.teams.views import team_page


@sensitive_post_parameters("token")
@require_POST
def server_approve(request: TeamRequest) -> HttpResponse:
    """Approves a server for the team's drafts."""
    form = ToolServerForm(request.POST)
    if form.is_valid():
        try:
            server = tool_servers.approve(request.team, request.user, **form.cleaned_data)
        except tool_servers.ServerRefused as refusal:
            form.add_error("label", str(refusal))
        else:
            security_log.record("server_approved", request, server=server.pk)
            messages.success(request, f"“{server}” is approved: drafts offer it under Tools.")
            return redirect(f"{reverse('team')}#servers")
    return team_page(request, server_form=form)


@require_http_methods(["GET", "POST"])
def server_remove(request: TeamRequest, server_id: int) -> HttpResponse:
    server = get_object_or_404(tool_servers.servers_of(request.team), pk=server_id)
    if request.method == "POST":
        tool_servers.remove(server)
        security_log.record("server_removed", request, server=server.pk)
        messages.success(request, f"“{server}” is removed, and its token forgotten.")
        return redirect(f"{reverse('team')}#servers")
    context = {
        "question": f"Remove the MCP server “{server}”?",
        "what": "Drafts do not offer it any more. A batch that is still being sent with it waits until a server with "
        "this name and address is approved again. What was sent to xAI stays there for 30 days, its token included.",
        "verb": "Remove the server",
        "back": f"{reverse('team')}#servers",
    }
    return render(request, "confirm.html", context)
