-- Exports are acts: who took which rows out of the dashboard, and how many. Only owners and the platform may.

create or replace function dashboard.begin_export(key uuid, what text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'export', array['admin', 'super_admin']);
begin
  if known is not null then return known; end if;
  return dashboard.finish_act(key, left(what, 1000), '{"rows": null}', '{}');
end
$$;

-- Says how many rows were handed over; without it the export was stopped. Only of one's own export.
create or replace function dashboard.end_export(key uuid, number bigint) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  update dashboard.audits a set metadata = json_build_object('rows', number)
  where a.key = end_export.key and a.action = 'export' and a.user_id = dashboard.current_user_id();
  if not found or not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'no export of this person';
  end if;
end
$$;

revoke execute on function dashboard.begin_export(uuid, text), dashboard.end_export(uuid, bigint) from public;
grant execute on function dashboard.begin_export(uuid, text), dashboard.end_export(uuid, bigint) to dashboard_app;
