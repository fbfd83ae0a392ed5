{#
    Incremental strategy `from_first_change`: replaces every day from the first that may have
    changed on. For models whose rows depend on the days before them: a late row changes each
    later day. The model's `unique_key` names its day column.
#}
{% macro get_incremental_from_first_change_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}

    delete from {{ arg_dict['target_relation'] }}
    where {{ from_first_change(arg_dict['unique_key']) }}
    ;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
