{% set sections = {
    'summary': ['billed_cost_usd', 'call_count', 'operation_count', 'unpriced_call_count'],
    'unit_costs': ['cost_per_call_usd', 'cost_per_operation_usd', 'cost_per_1k_tokens_usd'],
    'efficiency': [
        'call_count',
        'cache_hit_share',
        'cache_read_share',
        'retry_share',
        'fallback_share',
        'batch_share',
        'failed_share',
        'p90_input_tokens',
    ],
} %}

/*
    Grain: week_start_date, section, section_rank, metric.

    The weekly review of the newest complete week, Monday to Sunday in the reporting zone, beside
    the week before: one figure a row. Money is in the columns that end with _usd, other figures in
    those that end with _number. Without a complete week it is one row that says so.
*/
with

costs as (

    select * from {{ ref('fct_review_costs_weekly') }}

),

calls as (

    select * from {{ ref('fct_review_calls_weekly') }}

),

spikes as (

    select * from {{ ref('fct_review_spikes_weekly') }}

),

task_costs as (

    select * from {{ ref('fct_review_task_costs_weekly') }}

),

budgets as (

    select * from {{ ref('fct_review_budgets_weekly') }}

),

tenants as (

    select * from {{ ref('dim_tenants') }}

),

days as (

    select
        min(calendar_date) as first_day,
        max(calendar_date) as last_day
    from {{ ref('dim_dates') }}

),

rules as (

    select
        {{ review_rule('top_count') }} as top_count,
        {{ review_rule('listed_model_count') }} as model_count,
        {{ review_rule('listed_spike_count') }} as spike_count
    from {{ ref('review_rules') }}

),

measured as (

    select
        costs.*,
        calls.cache_hit_share,
        calls.batch_share,
        calls.p90_input_tokens
    from costs
    left join calls
        on
            costs.week_start_date = calls.week_start_date
            and costs.scope_type = calls.scope_type
            and costs.scope_id = calls.scope_id

),

this_week as (

    select * from measured
    where weeks_ago = 0

),

week_before as (

    select * from measured
    where weeks_ago = 1

),

-- The organisation has a row for each complete week.
weeks as (

    select
        max(case when weeks_ago = 0 then week_start_date end) as week_start_date,
        max(case when weeks_ago = 1 then 1 else 0 end) = 1 as has_week_before
    from measured
    where scope_type = 'org'

),

paired as (

    select
        weeks.week_start_date,
        coalesce(this_week.scope_type, week_before.scope_type) as scope_type,
        coalesce(this_week.scope_id, week_before.scope_id) as scope_id,
        this_week.scope_id is not null as is_active,
        weeks.has_week_before,
        case
            when coalesce(this_week.scope_type, week_before.scope_type) = 'model'
                then rules.model_count
            else rules.top_count
        end as listed_count,
        {% for measure, unit in review_measures().items() %}
            {% if measure == 'billed_cost_usd' or unit == 'count' %}
                case when this_week.scope_id is null then 0 else this_week.{{ measure }} end
                    as {{ measure }},
                case
                    when weeks.has_week_before and week_before.scope_id is null then 0
                    else week_before.{{ measure }}
                end as previous_{{ measure }},
            {% else %}
                this_week.{{ measure }},
                week_before.{{ measure }} as previous_{{ measure }},
            {% endif %}
        {% endfor %}
        row_number() over (
            partition by coalesce(this_week.scope_type, week_before.scope_type)
            order by
                case when this_week.scope_id = '(unattributed)' then 1 else 0 end,
                this_week.billed_cost_usd desc nulls last,
                this_week.call_count desc nulls last,
                coalesce(this_week.scope_id, week_before.scope_id) asc
        ) as cost_rank
    from this_week
    full outer join week_before
        on
            this_week.scope_type = week_before.scope_type
            and this_week.scope_id = week_before.scope_id
    cross join weeks
    cross join rules
    where weeks.week_start_date is not null

),

-- The dearest by name, then what nobody claims, then the others: together the whole week.
lined as (

    select
        paired.*,
        case
            when paired.scope_id = '(unattributed)' then 'unattributed'
            when
                paired.is_active
                and paired.cost_rank <= paired.listed_count
                then 'named'
            else 'others'
        end as line_kind
    from paired
    where paired.scope_type in ('tenant', 'workflow', 'model')

),

totals as (

    select
        billed_cost_usd,
        previous_billed_cost_usd
    from paired
    where scope_type = 'org'

),

grouped as (

    select
        week_start_date,
        scope_type,
        line_kind,
        case when line_kind = 'named' then cost_rank end as named_rank,
        min(scope_id) as scope_id,
        count(*) as scope_count,
        max(listed_count) as listed_count,
        sum(case when has_week_before and previous_call_count = 0 then 1 else 0 end) as new_count,
        sum(unpriced_call_count) as unpriced_call_count,
        sum(billed_cost_usd) as billed_cost_usd,
        sum(previous_billed_cost_usd) as previous_billed_cost_usd
    from lined
    group by
        week_start_date,
        scope_type,
        line_kind,
        case when line_kind = 'named' then cost_rank end

),

spenders as (

    select
        grouped.week_start_date,
        grouped.scope_type,
        case
            when grouped.line_kind = 'named' then grouped.named_rank
            when grouped.line_kind = 'unattributed' then grouped.listed_count + 1
            else grouped.listed_count + 2
        end as section_rank,
        case when grouped.line_kind = 'others' then '(others)' else grouped.scope_id end
            as subject,
        grouped.billed_cost_usd,
        grouped.previous_billed_cost_usd,
        {{ share_of('grouped.billed_cost_usd', 'totals.billed_cost_usd') }} as cost_share,
        {{ share_of('grouped.previous_billed_cost_usd', 'totals.previous_billed_cost_usd') }}
            as previous_cost_share,
        concat_ws(
            '; ',
            case
                when grouped.line_kind = 'named'
                    then nullif(tenants.tenant_name, tenants.tenant_id)
            end,
            case
                when grouped.line_kind = 'others'
                    then {{ counted('grouped.scope_count', 'grouped.scope_type') }}
            end,
            case
                when grouped.line_kind = 'named' and grouped.new_count = 1
                    then 'new: no calls the week before'
            end,
            case
                when grouped.unpriced_call_count > 0
                    then concat(
                        {{ counted('grouped.unpriced_call_count', "'call'") }},
                        ' without a known price'
                    )
            end
        ) as note
    from grouped
    cross join totals
    left join tenants
        on
            grouped.scope_type = 'tenant'
            and grouped.scope_id = tenants.tenant_id

),

ranked_spikes as (

    select
        *,
        row_number() over (
            order by excess_cost_usd desc, scope_type asc, scope_id asc, period asc
        ) as section_rank,
        concat_ws(
            '; ',
            concat(
                {{ counted('spike_count', 'period') }},
                case
                    when usual_cost_usd is null
                        then ' above the floor, new: nothing to compare with the week before'
                    else concat(
                        ' above ', cast(spike_ratio as varchar), ' times the median ', period
                    )
                end
            ),
            concat(
                'worst ',
                case period
                    when 'day' then cast(worst_date as varchar)
                    else {{ hour_text('worst_hour_at') }}
                end
            )
        ) as note
    from spikes

),

listed_spikes as (

    select ranked_spikes.*
    from ranked_spikes
    cross join rules
    where ranked_spikes.section_rank <= rules.spike_count

),

-- The organisation first, then features by name; each the newest week first.
task_weeks as (

    select
        weeks.week_start_date,
        task_costs.week_start_date as period_start_date,
        task_costs.scope_type,
        task_costs.scope_id,
        task_costs.basis,
        task_costs.task_count,
        task_costs.success_share,
        task_costs.maturity_share,
        task_costs.attribution_coverage_share,
        task_costs.cost_per_success_usd,
        task_costs.cost_per_success_low_usd,
        task_costs.cost_per_success_high_usd,
        lead(task_costs.cost_per_success_usd) over of_the_scope as previous_cost_per_success_usd,
        lead(task_costs.success_share) over of_the_scope as previous_success_share,
        lead(task_costs.task_count) over of_the_scope as previous_task_count,
        row_number() over (
            order by
                task_costs.scope_type desc,
                task_costs.scope_id asc,
                task_costs.weeks_ago asc
        ) as section_rank
    from task_costs
    cross join weeks
    where task_costs.is_measured
    window of_the_scope as (
        partition by task_costs.scope_type, task_costs.scope_id
        order by task_costs.weeks_ago
    )

),

ranked_scopes as (

    select
        *,
        row_number() over (
            order by scope_type desc, billed_cost_usd desc nulls last, scope_id asc
        ) as section_rank
    from paired
    where
        scope_type = 'org'
        or (scope_type = 'feature' and is_active)

),

ranked_budgets as (

    select
        *,
        row_number() over (
            order by
                urgency asc,
                used_share desc nulls last,
                budget_id asc,
                period asc,
                period_start_date asc
        ) as section_rank,
        concat_ws(
            '; ',
            case
                when status = 'unknown' then 'no call has a known price'
                when period = 'month' and exhaustion_date is not null
                    then concat('used up on ', cast(exhaustion_date as varchar))
                when period = 'hour'
                    then concat(
                        {{ counted('risk_count', "'hour'") }},
                        ', worst ',
                        {{ hour_text('hour_at') }}
                    )
                when period = 'day'
                    then concat(
                        {{ counted('risk_count', "'day'") }},
                        ', worst ',
                        cast(period_start_date as varchar)
                    )
            end,
            case when owner is not null then concat('owner ', owner) end
        ) as note
    from budgets

),

silence as (

    select
        weeks.week_start_date,
        concat(
            'No complete week yet: a review needs calls from a Monday to the end of a Sunday; ',
            case
                when days.first_day is null then 'no calls are known'
                else concat(
                    'calls are known from ',
                    cast(days.first_day as varchar),
                    ' to ',
                    cast(days.last_day as varchar)
                )
            end
        ) as note
    from weeks
    cross join days

),

lines as (

    {{ review_line(
        'silence', 'no_complete_week', "'none'", 'none', "'org'", "'*'", '1', none,
        note='note', condition='week_start_date is null',
    ) }}
    {% for section, measures in sections.items() %}
        {% for measure in measures %}
            union all
            {{ review_line(
                'ranked_scopes', section, "'" ~ measure ~ "'", review_measures()[measure],
                'scope_type', 'scope_id', 'section_rank', measure, 'previous_' ~ measure,
                condition="scope_type = 'org'" if section == 'summary' else 'true',
            ) }}
        {% endfor %}
    {% endfor %}
    {% for scope, section in [
        ('tenant', 'top_tenants'), ('workflow', 'top_workflows'), ('model', 'model_mix')
    ] %}
        union all
        {{ review_line(
            'spenders', section, "'billed_cost_usd'", 'usd', 'scope_type', 'subject',
            'section_rank', 'billed_cost_usd', 'previous_billed_cost_usd',
            note="nullif(note, '')", condition="scope_type = '" ~ scope ~ "'",
        ) }}
        union all
        {{ review_line(
            'spenders', section, "'cost_share'", 'share', 'scope_type', 'subject',
            'section_rank', 'cost_share', 'previous_cost_share',
            condition="scope_type = '" ~ scope ~ "'",
        ) }}
    {% endfor %}
    union all
    {{ review_line(
        'listed_spikes', 'spikes', "concat('worst_', period, '_cost_usd')", 'usd', 'scope_type',
        'scope_id', 'section_rank', 'worst_cost_usd', 'usual_cost_usd',
        period_start_date='worst_date', note='note',
    ) }}
    union all
    {{ review_line(
        'listed_spikes', 'spikes', "'excess_cost_usd'", 'usd', 'scope_type', 'scope_id',
        'section_rank', 'excess_cost_usd', period_start_date='worst_date',
    ) }}
    union all
    {{ review_line(
        'task_weeks', 'cost_per_success', "'cost_per_success_usd'", 'usd', 'scope_type',
        'scope_id', 'section_rank', 'cost_per_success_usd', 'previous_cost_per_success_usd',
        'cost_per_success_low_usd', 'cost_per_success_high_usd', 'basis', 'period_start_date',
    ) }}
    {% for measure, unit, previous in [
        ('success_share', 'share', 'previous_success_share'),
        ('task_count', 'count', 'previous_task_count'),
        ('maturity_share', 'share', none),
        ('attribution_coverage_share', 'share', none),
    ] %}
        union all
        {{ review_line(
            'task_weeks', 'cost_per_success', "'" ~ measure ~ "'", unit, 'scope_type',
            'scope_id', 'section_rank', measure, previous, status='basis',
            period_start_date='period_start_date',
        ) }}
    {% endfor %}
    {% for measure, unit in [
        ('spent_usd', 'usd'), ('budget_usd', 'usd'), ('used_share', 'share')
    ] %}
        union all
        {{ review_line(
            'ranked_budgets', 'budgets_at_risk', "'" ~ measure ~ "'", unit, 'scope_type',
            'budget_id', 'section_rank', measure, status='status',
            period_start_date='period_start_date', note='note' if measure == 'spent_usd' else none,
        ) }}
    {% endfor %}
    union all
    {{ review_line(
        'ranked_budgets', 'budgets_at_risk', "'forecast_usd'", 'usd', 'scope_type', 'budget_id',
        'section_rank', 'forecast_usd', none, 'forecast_low_usd', 'forecast_high_usd', 'status',
        'period_start_date', condition="period = 'month'",
    ) }}

),

final as (

    select
        week_start_date,
        section,
        section_rank,
        subject_type,
        subject,
        period_start_date,
        metric,
        unit,
        {{ review_value_columns() | join(',\n        ') }},
        case
            when unit = 'usd'
                then {{ share_of('value_usd - previous_value_usd', 'previous_value_usd') }}
            else
                {{ share_of(
                    'value_number - previous_value_number', 'previous_value_number'
                ) }}
        end as change_share,
        status,
        note
    from lines

)

select * from final
