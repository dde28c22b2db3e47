"""Stored runs: `results/NAME/leaderboard.json` and `predictions/*.jsonl`.

schema            every field of the two files
field_descriptions  descriptions of the fields in the JSON Schemas
options           the options of a run, each with its flag
store             reads run folders and chooses rows of a run
run_folder        a run folder being written: claimed, resumed, put in its place
predictions_writer  a predictions file being written
prediction_lines  one line of it: from a row to JSON, and back
written_rows      rows read by msgspec, for whoever needs only the scores
whole_rows        rows with their candidates, read by msgspec
rows              rows of a predictions file and their scores
ranking           rows of a leaderboard with intervals, references and ranks
leaderboard/      runs as tables: merged, sorted, over time
common_items      the items that two runs share
data_kinds        what differs between the curated set, other files and public data sets
sources           where a run finds its data again
shown_items       single items of a run, drawn for the terminal
unknown_names     errors about names of models, metrics or slices that are not in a run
reading_lines     how an answer in words was read: its pieces, and its lines in the terminal
plots             charts of a metric, for Python
model_results     one model of a run by name, its items, and why each is right or wrong
data_frames       results as data frames
checksums         checksums of the fields of a leaderboard
"""
