-- Gives one salon {clients} more clients, {wishes} wishes and a dialog with {messages} messages; filled in by bench/pages.py.

with made as (
    insert into public.clients_v2 (tenant_id, full_name, phone, telegram_chat_id, created_at, updated_at)
    select '{salon}', 'Клиент ' || n, '79' || lpad(n::text, 9, '0'), 5000000000 + n, now() - interval '1 day' * (n % 700),
        now() - interval '1 day' * (n % 700)
    from generate_series(1, {clients}) n returning id, telegram_chat_id - 5000000000 as n
), visited as (
    insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at, ended_at,
        final_status, final_intent, booking_id, booking_status, booking_datetime, booking_amount, meta, created_at)
    select gen_random_uuid(), '{salon}', id, 'telegram', at, at + interval '10 min', 'done', 'booking', 'b-' || n || '-' || k,
        'confirmed', at + interval '1 day', 1500 + n % 3000, '{{"staff_name": "Рита"}}', at + interval '10 min'
    from made, generate_series(1, 2) k, lateral (select now() - interval '1 day' * (n % 600 + 40 * k) as at) a
    where n % 3 = 0
)
insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id, status, meta, created_at, updated_at, processed_at)
select '{salon}', id, 'slot', 'x', case n % 7 when 0 then 'pending' when 1 then 'expired' else 'converted' end,
    jsonb_build_object('service_id', n % 9, 'service_title', 'Услуга ' || n % 9, 'date', (current_date + (n % 20)::int)::text),
    now() - interval '1 hour' * n, now() - interval '1 hour' * n, case when n % 7 > 0 then now() - interval '1 hour' * n end
from made where n <= {wishes};

with session as (
    insert into public.active_sessions_v2 (tenant_id, user_id)
    select '{salon}', id from public.clients_v2 where tenant_id = '{salon}' and full_name = 'Клиент 7'
    returning session_id, user_id
)
insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)
select '{salon}', user_id, session_id, case n % 2 when 0 then 'user' else 'assistant' end, 'Сообщение ' || n,
    now() - interval '1 min' * n
from session, generate_series(1, {messages}) n;
