"""What the product got for its calls, and what was changed: single rows with an id each.

Data flow: files -> ``reading`` (batches of text fields) -> ``parse`` (typed, or refused) ->
``settle`` (versions by id) -> data/raw. ``fields`` says what a source's rows hold.
"""
