{#
    Incremental strategy `touched_dates`: replaces whole days.

    Deletes the touched days from the target, then inserts what the model selected. Unlike
    delete+insert it also empties a day that has no rows any more. The model's `unique_key` names
    its day column: `event_date` (UTC) or `cost_date` / `reporting_date` (reporting days).
#}
{% macro get_incremental_touched_dates_sql(arg_dict) -%}
    {%- set day_column = arg_dict['unique_key'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}

    delete from {{ arg_dict['target_relation'] }}
    where
        {% if day_column == 'event_date' %}
            {{ in_touched_dates(day_column) }}
        {% else %}
            {{ in_touched_reporting_days(day_column) }}
        {% endif %}
    ;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
