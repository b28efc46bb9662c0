-- Two broadcasts of the first salon: one that went out nine days ago, and one that is still being written.

with sent as (
    insert into dashboard.broadcasts (id, tenant_id, name, text, without_name, quiet_days, held_out_percent, status,
        created_by, created_at, sent_by, sent_at, started_at, finished_at, updated_at)
    select 'b0000000-0000-4000-8000-000000000001', %(salon)s, 'Осенний уход',
        '{name}, осенью коже и волосам нужен особый уход. До конца недели в {salon} скидка 15 %% на уходовые процедуры. Записать вас?',
        'Здравствуйте', 7, 20, 'done', u.id, at - interval '20 min', u.id, at, at, at + interval '35 s', at + interval '1 hour'
    from dashboard.users u, (select date_trunc('hour', now()) - interval '9 days' as at) t where u.email = 'owner@demo.salon'
    returning id, tenant_id, started_at
), chosen as (
    select c.id as client_id, row_number() over (order by md5(c.id::text)) as place, md5(c.id::text || 'kind') as chance
    from public.clients_v2 c where c.tenant_id = %(salon)s and c.telegram_chat_id is not null
        and c.created_at < now() - interval '10 days' limit 700
)
insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, reason, due_at, handed_at, sent_at,
    changed_at)
select s.id, c.client_id, s.tenant_id, c.place,
    case when c.chance < '33' then 'held_out' when c.chance < '3a' then 'skipped' when c.chance < '3e' then 'failed'
        when c.chance < '3f' then 'unknown' else 'delivered' end,
    case when c.chance >= '33' and c.chance < '36' then 'opted_out' when c.chance >= '36' and c.chance < '3a' then 'booked'
        when c.chance >= '3a' and c.chance < '3e' then 'Клиент заблокировал бота' end,
    s.started_at, case when c.chance >= '3a' then s.started_at + make_interval(secs => c.place / 20.0) end,
    case when c.chance >= '3e' then s.started_at + make_interval(secs => c.place / 20.0) end,
    s.started_at + make_interval(secs => c.place / 20.0 + 2)
from sent s, chosen c;

insert into dashboard.broadcasts (id, tenant_id, name, text, without_name, without_specialist, audience_kind, held_out_percent,
    created_by, created_at, updated_at)
select 'b0000000-0000-4000-8000-000000000002', %(salon)s, 'Давно не виделись',
    '{name}, давно вас не было! {specialist} и вся команда будут рады вас видеть. Подобрать удобное время?',
    'Здравствуйте', 'Ваш мастер', 'overdue', 10, u.id, now() - interval '3 hours', now() - interval '3 hours'
from dashboard.users u where u.email = 'owner@demo.salon';
