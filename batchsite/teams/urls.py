from __future__ import annotations

from django.urls import path

from batchsite.teams import views, views_deletion, views_installation, views_key, views_servers

urlpatterns = [
    path("team", views.team, name="team"),
    path("team/name", views.team_rename, name="team-rename"),
    path("team/budget", views.team_budget, name="team-budget"),
    path("team/delete", views_deletion.team_delete, name="team-delete"),
    path("team/keep", views_deletion.team_keep, name="team-keep"),
    path("team/people/<int:membership_id>/hand-over", views_deletion.member_hand_over, name="member-hand-over"),
    path("team/new", views.team_new, name="team-new"),
    path("team/switch/<int:team_id>", views.team_switch, name="team-switch"),
    path("team/invitations", views.invitation_new, name="invitation-new"),
    path("team/invitations/<int:invitation_id>/revoke", views.invitation_revoke, name="invitation-revoke"),
    path("team/people/<int:membership_id>/role", views.member_role, name="member-role"),
    path("team/people/<int:membership_id>/remove", views.member_remove, name="member-remove"),
    path("installation", views_installation.installation, name="installation"),
    path("installation/teams/<int:team_id>/key", views_installation.team_key, name="installation-team-key"),
    path("installation/people/<int:user_id>", views_installation.person_active, name="installation-person"),
    path("team/key", views_key.key_set, name="key-set"),
    path("team/key/test", views_key.key_in_use_test, name="key-in-use-test"),
    path("team/keys/<int:key_id>", views_key.key_change, name="key-change"),
    path("team/keys/<int:key_id>/test", views_key.key_test, name="key-test"),
    path("team/keys/<int:key_id>/remove", views_key.key_remove, name="key-remove"),
    path("team/servers", views_servers.server_approve, name="server-approve"),
    path("team/servers/<int:server_id>/remove", views_servers.server_remove, name="server-remove"),
]
