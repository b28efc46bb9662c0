-- The `dashboard` schema that an earlier Rails application left in production (DATA.md, section 2), with odd rows.
--
-- For the tests of the migrations only: they must adopt these tables and lose no row. Run as `postgres`, after
-- bot_tables.sql and before the migrations. Types are those that Rails makes.

create schema dashboard;

create table dashboard.schema_migrations (version varchar not null primary key);
create table dashboard.ar_internal_metadata (
    key varchar not null primary key,
    value varchar,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);

create table dashboard.users (
    id bigserial primary key,
    email varchar default '' not null,
    encrypted_password varchar default '' not null,
    reset_password_token varchar,
    reset_password_sent_at timestamp(6) without time zone,
    remember_created_at timestamp(6) without time zone,
    first_name varchar,
    last_name varchar,
    role varchar default 'staff' not null,
    active boolean default true not null,
    tenant_id uuid,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create unique index index_users_on_email on dashboard.users (email);
create unique index index_users_on_reset_password_token on dashboard.users (reset_password_token);
create index index_users_on_tenant_id on dashboard.users (tenant_id);

create table dashboard.metrics_dailies (
    id bigserial primary key,
    tenant_id uuid,
    day date not null,
    dialogs_started integer default 0,
    bookings integer default 0,
    conversion numeric(5, 2) default 0.0,
    avg_response_ms integer default 0,
    digest_sent_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create index index_metrics_dailies_on_day on dashboard.metrics_dailies (day);

create table dashboard.alerts (
    id bigserial primary key,
    tenant_id uuid,
    kind varchar not null,
    threshold numeric,
    actual numeric,
    severity varchar default 'warning',
    description text,
    triggered_at timestamp(6) without time zone,
    acknowledged_at timestamp(6) without time zone,
    notification_sent_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);

create table dashboard.audits (
    id bigserial primary key,
    user_id bigint not null references dashboard.users (id),
    tenant_id uuid,
    action varchar not null,
    description text,
    metadata json default '{}',
    ip_address varchar,
    user_agent varchar,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create index index_audits_on_user_id on dashboard.audits (user_id);

create table dashboard.bookings (
    id bigserial primary key,
    tenant_id uuid,
    external_id varchar,
    client_id varchar,
    start_at timestamp(6) without time zone,
    service_code varchar,
    status varchar default 'created',
    verified_at timestamp(6) without time zone,
    verification_data json,
    yclients_attendance integer,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);

create table dashboard.tenants (
    id bigserial primary key,
    name varchar,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create table dashboard.conversations (
    id bigserial primary key,
    tenant_id bigint,
    external_user_id varchar,
    status varchar,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create table dashboard.session_activities (
    id bigserial primary key,
    session_id varchar,
    user_id bigint,
    activity varchar,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create table dashboard.solid_queue_jobs (
    id bigserial primary key,
    queue_name varchar not null,
    class_name varchar not null,
    arguments text,
    finished_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null,
    updated_at timestamp(6) without time zone not null
);
create table dashboard.solid_cache_entries (
    id bigserial primary key,
    key bytea not null,
    value bytea not null,
    created_at timestamp(6) without time zone not null
);

insert into dashboard.schema_migrations values ('20250301120000'), ('20250611093000');
insert into dashboard.ar_internal_metadata values
    ('environment', 'production', '2025-03-01 12:00:00.123456', '2025-03-01 12:00:00.123456');

insert into public.tenants_v2 (id, name, slug, metadata) values
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', 'Салон из прежней панели', 'legacy-salon', '{"yclients_company_id": 4711}'),
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0002', 'Второй салон', null, '{}');

-- The hashes are those of "legacy-password-1" ($2a$, cost 11, as Devise writes them) and of no known password.
insert into dashboard.users
    (email, encrypted_password, first_name, last_name, role, active, tenant_id, created_at, updated_at)
values
    ('Anna@Legacy.example', '$2a$11$f.PIoj9r3R6c3KPZLBSHVu4G7sAdOvoKUMcQ7zOboBPWRh/hoLmCW', 'Анна', 'Лебедева', 'admin', true,
     '0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-03-01 12:00:00', '2025-03-01 12:00:00'),
    ('anna@legacy.example', '$2a$11$f.PIoj9r3R6c3KPZLBSHVu4G7sAdOvoKUMcQ7zOboBPWRh/hoLmCW', 'Анна', null, 'staff', true,
     '0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-05-01 08:00:00', '2025-05-01 08:00:00'),
    (' root@legacy.example', '$2a$11$f.PIoj9r3R6c3KPZLBSHVu4G7sAdOvoKUMcQ7zOboBPWRh/hoLmCW', null, null, 'super_admin', true,
     null, '2025-03-01 12:00:00', '2025-03-01 12:00:00'),
    ('left@legacy.example', '$2b$12$CwTycUXWue0Thq9StjUM0uJ8V1iQ3bYfH4K5mO0oFq2uD5sYcG1aK', 'Пётр', 'Сомов', 'staff', false,
     '0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0002', '2025-04-01 12:00:00', '2025-06-01 12:00:00'),
    ('nohash@legacy.example', '', 'Ирина', null, 'manager', true,
     '0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0009', '2025-04-01 12:00:00', '2025-04-01 12:00:00');

insert into dashboard.metrics_dailies
    (tenant_id, day, dialogs_started, bookings, conversion, avg_response_ms, created_at, updated_at)
values
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-06-01', 10, 3, 30.00, 4200, '2025-06-02 00:10:00', '2025-06-02 00:10:00'),
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-06-01', 12, 4, 33.33, 4100, '2025-06-02 01:10:00', '2025-06-02 01:10:00'),
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-06-01', 12, 4, 33.33, 4100, '2025-06-02 01:10:00', '2025-06-02 01:10:00'),
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '2025-06-02', null, null, null, null, '2025-06-03 00:10:00', '2025-06-03 00:10:00'),
    (null, '2025-06-01', 22, 7, 31.82, 4000, '2025-06-02 00:10:00', '2025-06-02 00:10:00'),
    (null, '2025-06-01', 22, 7, 31.82, 4000, '2025-06-02 00:11:00', '2025-06-02 00:11:00');

insert into dashboard.alerts (tenant_id, kind, threshold, actual, description, triggered_at, created_at, updated_at) values
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', 'low_conversion', 20, 12.5, 'Конверсия ниже порога',
     '2025-06-02 00:10:00', '2025-06-02 00:10:00', '2025-06-02 00:10:00'),
    (null, 'bot_down', null, null, null, null, '2025-06-02 00:10:00', '2025-06-02 00:10:00');

insert into dashboard.audits (user_id, tenant_id, action, description, metadata, ip_address, created_at, updated_at) values
    (1, '0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', 'sign_in', null, '{"ok": true, "ok": false}', '10.0.0.1',
     '2025-06-02 09:00:00', '2025-06-02 09:00:00'),
    (4, null, 'user.update', 'Отключён', null, null, '2025-06-01 12:00:00', '2025-06-01 12:00:00');

insert into dashboard.bookings (tenant_id, external_id, client_id, start_at, service_code, verification_data, created_at, updated_at) values
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '90001', 'c-17', '2025-06-05 10:00:00', 'manicure', '{"found": true}',
     '2025-06-01 10:00:00', '2025-06-01 10:00:00'),
    ('0d2cf1a4-5a5e-4c55-9c4c-0c1f9a3f0001', '90001', null, null, null, null, '2025-06-01 10:00:00', '2025-06-01 10:00:00');

insert into dashboard.tenants (name, created_at, updated_at) values ('Старый салон', '2025-03-01 12:00:00', '2025-03-01 12:00:00');
insert into dashboard.conversations (tenant_id, external_user_id, status, created_at, updated_at) values
    (1, 'tg:1', 'closed', '2025-03-01 12:00:00', '2025-03-01 12:00:00');
insert into dashboard.solid_queue_jobs (queue_name, class_name, arguments, created_at, updated_at) values
    ('default', 'DigestJob', '{}', '2025-03-01 12:00:00', '2025-03-01 12:00:00');
