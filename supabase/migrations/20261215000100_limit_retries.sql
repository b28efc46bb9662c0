-- What may be tried again, and until when: no offer is sent after its time, and no message that the client may have got
-- and whose id the bot has forgotten. And of commands people read what pages need, not what is in them.

-- Tries a command again that did not get through. One that was never taken keeps its id, so that the bot acts once
-- whatever it saw of it; one that the bot could not do becomes a new one. Staff may repeat what they may give.
-- Raises PT409 for what must not be sent any more, and for messages of broadcasts: see retry_broadcast.
create or replace function dashboard.retry_command(key uuid, command uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  c dashboard.bot_commands;
  known jsonb;
  again uuid;
begin
  select b.* into c from dashboard.bot_commands b
  where b.id = retry_command.command and b.tenant_id = dashboard.current_tenant() for update;
  if not found then raise sqlstate 'PT404' using message = 'no such command'; end if;
  known := dashboard.begin_act(key, 'retry_command', case
    when c.type like 'waitlist.%' or c.data ? 'wishlist_id' then array['staff', 'admin', 'super_admin']
    else array['admin', 'super_admin'] end);
  if known is not null then return known; end if;
  if c.type = 'broadcast.message' then raise sqlstate 'PT409' using message = 'with_its_broadcast'; end if;
  if c.status not in ('failed', 'dead') then raise sqlstate 'PT409' using message = 'not_failed'; end if;
  if dashboard.is_unwanted(c) then raise sqlstate 'PT409' using message = 'opted_out'; end if;
  -- What was decided about the wish since, or the time of the offer, has overtaken the command.
  if (c.data ->> 'offer_until')::timestamptz <= now() or c.type like 'waitlist.%' and exists (
      select from dashboard.wishlist_actions a
      where a.tenant_id = c.tenant_id and a.wishlist_id = (c.data ->> 'wishlist_id')::bigint
        and a.kind in ('converted', 'cancelled', 'reopened', 'offered')
        and a.id > (select max(x.id) from dashboard.wishlist_actions x where x.command_id in (c.id, c.retry_of))) then
    raise sqlstate 'PT409' using message = 'outdated';
  end if;
  if c.status = 'dead' then
    -- The bot remembers ids for 48 hours: later it would write to the client once more.
    if c.type in ('client.message', 'waitlist.offer') and c.unanswered_at < now() - interval '40 hours' then
      raise sqlstate 'PT409' using message = 'perhaps_received';
    end if;
    update dashboard.bot_commands b set status = 'queued', next_attempt_at = now(), expires_at = least(now() + interval '24 hours',
        case when c.type in ('client.message', 'waitlist.offer') then c.unanswered_at + interval '48 hours' end,
        (c.data ->> 'offer_until')::timestamptz),
      finished_at = null, attempts = 0, updated_at = now() where b.id = c.id;
    again := c.id;
  elsif c.status = 'failed' and not exists (select from dashboard.bot_commands b
      where b.retry_of = coalesce(c.retry_of, c.id) and b.number > c.number) then
    again := dashboard.queue_command(key, 'again', c.type, c.client_id, c.data, coalesce(c.retry_of, c.id));
    update dashboard.bot_commands b set expires_at = least(b.expires_at, (c.data ->> 'offer_until')::timestamptz)
    where b.id = again;
  else
    raise sqlstate 'PT409' using message = 'not_failed';
  end if;
  return dashboard.finish_act(key, c.type, jsonb_build_object('command', c.id), jsonb_build_object('command', again));
end
$$;
revoke execute on function dashboard.retry_command(uuid, uuid) from public;
grant execute on function dashboard.retry_command(uuid, uuid) to dashboard_app;

-- Texts, wished settings and what the bot answered are shown by functions, which hide the phones that are to be hidden.
revoke select on dashboard.bot_commands from dashboard_app;
grant select (id, number, key, tenant_id, client_id, type, status, created_at, updated_at)
on dashboard.bot_commands to dashboard_app;
