{#
    The model has one row per combination of `columns`, NULL counting as a value. `day_column`
    says that the rows are many, single calls or hours of everybody: only the newest touched days
    are looked at, so that the test does not grow with history.
    Rows returned are combinations found more than once.
#}
{% test unique_grain(model, columns, day_column=none) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
{% if day_column %}
where {{ in_tested_dates(day_column) }}
{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
