"""Stored runs: `results/NAME/leaderboard.json` and `predictions/*.jsonl`.

schema            every field of the two files
store             reads run folders, and chooses rows of a run
run_folder        a run folder being written: claimed, resumed, put in its place
predictions_writer a predictions file being written
rows              rows of a predictions file and their scores
ranking           rows of a leaderboard with intervals, references and ranks
leaderboard/      runs as tables: merged, sorted, over time
common_items      the items that two runs share
sources           where a run finds its data again
show              single items of a run
checksums         checksums of the fields of a leaderboard
"""
