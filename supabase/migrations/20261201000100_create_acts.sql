-- What people do. An act is one line of the audit with the key that was made when its form was opened: the key is unique,
-- so a repeated click, a reload or a second tab finds the line of the first one and gets the same answer.

alter table dashboard.audits
  add column if not exists key uuid,
  add column if not exists answer jsonb,
  add column if not exists acted_in uuid;
comment on column dashboard.audits.acted_in is 'the salon in view when an act was begun; tenant_id is whose audit shows it';
create unique index if not exists audits_key_key on dashboard.audits (key);
create index if not exists audits_created_at_idx on dashboard.audits (created_at desc, id desc);

-- The answer is for the one who acted, not for those who read the audit.
revoke select on dashboard.audits from dashboard_app;
grant select (id, user_id, tenant_id, action, description, metadata, ip_address, user_agent, created_at, updated_at)
  on dashboard.audits to dashboard_app;

-- Whether the one who asks is (still) the user that the token says, with that role, in that salon.
create or replace function dashboard.is_still_signed_in() returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (select from dashboard.users u where u.id = dashboard.current_user_id() and u.active
    and u.role = dashboard.current_role()
    and (u.role = 'super_admin' or u.tenant_id = dashboard.current_tenant()))
$$;

-- Begins an act of those whose role is in `roles`. Answers null when it is to be done now, else with what it answered
-- before (it waits for one that is being done). Raises PT403 for everybody else, PT409 when the key is another act's.
create or replace function dashboard.begin_act(key uuid, action text, roles text[]) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  known dashboard.audits;
  line bigint;
begin
  if not (coalesce(dashboard.current_role() = any (roles), false) and dashboard.is_still_signed_in()) then
    raise sqlstate 'PT403' using message = 'this act is not open to the role';
  end if;
  if begin_act.key is null then raise sqlstate 'PT400' using message = 'an act needs a key'; end if;
  insert into dashboard.audits (user_id, tenant_id, acted_in, action, key, ip_address)
  values (dashboard.current_user_id(), dashboard.current_tenant(), dashboard.current_tenant(), begin_act.action, begin_act.key,
    left(dashboard.claim('address'), 100))
  on conflict (key) do nothing returning id into line;
  if line is not null then return null; end if;
  select a.* into known from dashboard.audits a where a.key = begin_act.key;
  if (known.user_id, known.acted_in, known.action::text)
     is distinct from (dashboard.current_user_id(), dashboard.current_tenant(), begin_act.action) then
    raise sqlstate 'PT409' using message = 'the key belongs to another act';
  end if;
  return coalesce(known.answer, '{}');
end
$$;

-- Ends an act: what it was about in words, the figures of it, and the answer that a repetition gets as well.
create or replace function dashboard.finish_act(key uuid, description text, metadata jsonb, answer jsonb) returns jsonb
language sql security definer set search_path = ''
as $$
  update dashboard.audits a set description = left(finish_act.description, 1000), metadata = finish_act.metadata::json,
    answer = finish_act.answer
  where a.key = finish_act.key returning a.answer
$$;

-- Where a person is comes from the token, too.
create or replace function dashboard.record_act(
  action text, description text default null, ip_address text default null, user_agent text default null
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if dashboard.current_user_id() is null then
    raise sqlstate 'PT403' using message = 'nobody is signed in';
  end if;
  insert into dashboard.audits (user_id, tenant_id, action, description, ip_address, user_agent)
  values (dashboard.current_user_id(), dashboard.current_tenant(), left(record_act.action, 100),
    left(record_act.description, 1000),
    left(coalesce(nullif(record_act.ip_address, ''), dashboard.claim('address')), 100),
    left(record_act.user_agent, 300));
end
$$;

revoke execute on function dashboard.is_still_signed_in(), dashboard.begin_act(uuid, text, text[]),
  dashboard.finish_act(uuid, text, jsonb, jsonb) from public;
