"""Readers of human tables: every fault with its row, units, groups."""

import gzip
import logging
import random
from statistics import NormalDist

import pandas as pd
import pytest

from bridges.human.readers import read_human, read_trials, select
from bridges.human.scores import read_cpt_scores
from bridges.human.tables import read_text_table
from bridges.measures import measure
from bridges.participants.base import Participant
from bridges.participants.human import RecordedParticipant

GOOD = """participant_id,onset,response_time,trial_type
a,1.0,0.3,go
a,3.0,0.4,go
a,5.0,,no_go
b,1.5,0.25,go
b,4.0,0.5,no_go
"""


@pytest.fixture
def table(tmp_path):
    def write(text, name="trials.csv"):
        path = tmp_path / name
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def faults_of(path, *arguments, **options):
    with pytest.raises(ValueError) as error:
        read_trials(path, *arguments, **options)
    return str(error.value)


def test_a_good_table_becomes_sessions_and_responses(table):
    first, second = read_trials(table(GOOD), "sart")
    assert (first.participant_id, second.participant_id) == ("a", "b")
    trials = first.session.trials
    assert trials["correct_response"].tolist() == ["press", "press", "none"]
    assert trials["onset_s"].tolist() == [1.0, 3.0, 5.0]
    assert trials["window_start_s"].tolist() == [1.0, 3.0, 5.0]
    assert trials["window_stop_s"].tolist() == [3.0, 5.0, 7.0]
    assert first.session.responses == ("press",)
    assert first.session.channels == ("go", "no_go")
    assert first.scored()["correct"].tolist() == [True, True, True]
    assert second.scored()["correct"].tolist() == [True, False]
    assert measure(second.session, second.responses)["commission_rate"] == 1.0
    assert measure(first.session, first.responses)["rt_mean_ms"] == pytest.approx(350.0)


def test_trials_are_put_into_the_order_of_time(table):
    text = "participant_id,onset,response_time\na,9,0.3\na,2,0.4\na,5,0.2\n"
    (record,) = read_trials(table(text), "pvt")
    assert record.session.trials["onset_s"].tolist() == [2.0, 5.0, 9.0]
    assert record.responses.table["response_time_s"].tolist() == [0.4, 0.2, 0.3]
    assert record.session.trials["trial_type"].tolist() == ["go"] * 3


def test_blocks_of_the_pvt_are_minutes(table):
    text = "participant_id,onset,response_time\na,10,0.3\na,69.9,0.4\na,70,0.2\na,131,0.2\n"
    (record,) = read_trials(table(text), "pvt")
    assert record.session.trials["block"].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv", ".tsv.gz"])
def test_endings_and_delimiters(table, ending):
    text = GOOD.replace(",", "\t") if "tsv" in ending else GOOD
    assert len(read_trials(table(text, "some" + ending), "sart")) == 2


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_foreign_line_ends(table, line_end):
    records = read_trials(table(GOOD.replace("\n", line_end)), "sart")
    assert [r.session.n_trials for r in records] == [3, 2]


def test_semicolons_and_byte_order_mark(table):
    assert len(read_trials(table("\ufeff" + GOOD.replace(",", ";")), "sart")) == 2


def test_aliases_of_columns(table):
    text = "Subject;Onset_S;RT;Condition;age\nx;1;0.31;nogo;30\nx;2;0.32;Go;30\n".replace(";", ",")
    (record,) = read_trials(table(text), "sart")
    assert record.participant_id == "x"
    # measures find conditions under one name, whatever the table calls them
    assert record.session.trials["trial_type"].tolist() == ["no_go", "go"]
    assert record.groups == {"age": 30}


def test_groups_are_what_never_changes_within_a_record(table):
    text = (
        "participant_id,session,onset,response_time,sleep,isi\n"
        "a,1,1,0.3,full,2\na,1,3,0.3,full,4\na,2,1,0.3,restricted,4\na,2,5,0.3,restricted,2\n"
    )
    path = table(text)
    records = read_trials(path, "pvt")
    assert [r.groups for r in records] == [{"sleep": "full"}, {"sleep": "restricted"}]
    assert [r.session_label for r in records] == ["1", "2"]
    assert records[0].session.trials["isi"].tolist() == [2, 4]
    assert select(records, sleep="restricted") == [records[1]]
    with pytest.raises(ValueError, match=r"'sleep': \['full', 'restricted'\]"):
        select(records, sleep="none")
    (first, _) = read_trials(path, "pvt", group_columns=())
    assert first.groups == {}
    assert first.session.trials["sleep"].tolist() == ["full", "full"]


# --- faults, each with its row ---------------------------------------------------------------------

BAD_ROWS = """participant_id,onset,response_time,trial_type
a,1.0,0.3,go
a,-3.0,0.4,go
a,,0.4,go
a,7.0,fast,go
a,9.0,0.3,lure
a,1.0,0.3,go
,11.0,0.3,go
a,13.0,-0.2,go
a,nan,0.3,go
a,inf,0.3,go
"""

EXPECTED = [
    (3, "onset = -3 is negative"),
    (4, "onset is missing"),
    (5, "response_time = 'fast' is not a number of seconds"),
    (6, "trial_type = 'lure' is not a trial type of sart; it has go, no_go"),
    (7, "a trial is there twice, with the same onset (1) as row 2 of a"),
    (8, "participant_id is missing"),
    (9, "response_time = -0.2 is negative"),
    (10, "onset is missing"),
    (11, "onset = 'inf' is not a number of seconds"),
]


def test_every_fault_is_listed_with_its_row(table):
    message = faults_of(table(BAD_ROWS), "sart")
    for row, text in EXPECTED:
        assert f"row {row}: {text}" in message, (row, text)
    assert message.count("\n  ") == len(EXPECTED)
    assert f"{len(EXPECTED)} faults, nothing was read" in message


def test_unequal_field_counts_and_double_columns(table):
    message = faults_of(table("participant_id,onset,response_time,onset\na,1,.3,4\na,2\na,3,.2,1,1\n"), "pvt")
    assert "row 1: columns ['onset'] are named twice" in message
    assert "row 3 has 2 fields, the header has 4" in message
    assert "row 4 has 5 fields, the header has 4" in message


def test_missing_columns_are_all_named_with_their_aliases(table):
    message = faults_of(table("who,when,trial_type\na,1,go\n"), "sart")
    for role in ("participant_id", "onset", "response_time"):
        assert f"column '{role}' is missing" in message
    assert "reaction_time" in message
    assert "['who', 'when', 'trial_type']" in message
    message = faults_of(table("participant_id,onset,response_time\na,1,.3\n"), "sart")
    assert "column 'trial_type' is missing" in message


def test_milliseconds_are_noticed_and_converted_on_request(table):
    text = "participant_id,onset,response_time\na,1.0,345\na,3.0,310\na,5.0,401\n"
    assert (
        "response_time looks like milliseconds (median 345): divide by 1000 or pass response_time_unit='ms'"
        in faults_of(table(text), "pvt")
    )
    (record,) = read_trials(table(text), "pvt", response_time_unit="ms")
    assert record.responses.table["response_time_s"].tolist() == pytest.approx([0.345, 0.310, 0.401])
    # the name of a column may say it
    (named,) = read_trials(table(text.replace("response_time", "rt_ms")), "pvt")
    assert named.responses.table["response_time_s"].tolist() == pytest.approx([0.345, 0.310, 0.401])


def test_onsets_in_milliseconds(table):
    text = "participant_id,onset,response_time\na,1000,.3\na,3000,.3\na,6000,.3\n"
    assert "onset looks like milliseconds (median 2500 from trial to trial)" in faults_of(table(text), "pvt")
    (record,) = read_trials(table(text), "pvt", onset_unit="ms")
    assert record.session.trials["onset_s"].tolist() == [1.0, 3.0, 6.0]


def test_unknown_units_and_limits_are_refused(table):
    with pytest.raises(ValueError, match="response_time_unit = 'min'"):
        read_trials(table(GOOD), "sart", response_time_unit="min")
    with pytest.raises(ValueError, match="longest_response_time_s = 0"):
        read_trials(table(GOOD), "sart", longest_response_time_s=0)


def test_duplicate_trial_numbers(table):
    text = "participant_id,trial,onset,response_time\na,1,1,.3\na,1,3,.3\na,2.5,5,.3\n"
    message = faults_of(table(text), "pvt")
    assert "row 3: a trial is there twice, with the same trial (1) as row 2 of a" in message
    assert "row 4: trial = 2.5 is not a whole number" in message


def test_response_without_time_and_time_without_response(table):
    header = "participant_id,onset,response_time,response,correct_response\n"
    text = header + "a,1,.3,left,left\na,3,,right,left\na,5,.3,,left\n"
    message = faults_of(table(text), "two_choice")
    assert "row 3: response = 'right' but response_time = nan" in message
    assert "row 4: response = None but response_time = '.3'" in message


def test_empty_files(table):
    assert "is empty" in faults_of(table(""), "pvt")
    assert "has a header but no rows" in faults_of(table("participant_id,onset,response_time\n"), "pvt")


def test_not_text_at_all(tmp_path):
    path = tmp_path / "trials.csv.gz"
    path.write_bytes(b"\x1f\x8b broken")
    assert "not readable as text" in faults_of(path, "pvt")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_trials(tmp_path / "nowhere.csv", "pvt")


def test_unknown_task_names_the_known_ones(table):
    message = faults_of(table(GOOD))
    assert "does not say which task it is of; pass task=..." in message
    assert "pvt" in message
    message = faults_of(table(GOOD), "stroop")
    assert "task 'stroop' is not known, so it needs a column correct_response or accuracy" in message


def test_task_from_column_and_from_names(table, tmp_path):
    with_column = GOOD.replace("trial_type\n", "trial_type,task\n").replace("go\n", "go,SART\n")
    assert read_trials(table(with_column))[0].session.task == "sart"
    assert "holds trials of ['sart'], not of task 'cpt_x'" in faults_of(table(with_column), "cpt")
    assert read_trials(table(GOOD, "my_gonogo_trials.csv"))[0].session.task == "sart"
    # two tasks in one name tell none
    assert "does not say which task" in faults_of(table(GOOD, "pvt_sart.csv"))


# --- carriage returns ------------------------------------------------------------------------------


def test_stray_carriage_returns_are_mended_not_doubled(table, caplog):
    clean = "participant_id\tonset\tresponse_time\na\t1.0\t0.3\na\t3.0\t0.4\na\t5.0\t0.5\n"
    stray = clean.replace("1.0\t", "1.0\r\t").replace("3.0\t", "3.0\t\r")
    path = table(stray, "pvt_trials.tsv")
    # what a plain reader makes of it
    assert len(pd.read_csv(path, sep="\t")) == 5
    with caplog.at_level(logging.WARNING, logger="bridges.human.tables"):
        (record,) = read_trials(path)
    assert record.session.n_trials == 3
    assert record.responses.table["response_time_s"].tolist() == [0.3, 0.4, 0.5]
    assert "took a stray carriage return out of 2 rows" in caplog.text
    assert read_text_table(path)[0].n_mended == 2


def test_carriage_returns_that_cannot_be_mended_are_faults(table):
    text = "participant_id,onset,response_time\na,1,.3\na,2\r,.4,7\nb,1,.3\rb,2,.4\n"
    message = faults_of(table(text), "pvt")
    assert "row 3 holds a carriage return and has 4 fields without it, the header has 3" in message
    assert "row 4 holds a carriage return and has 5 fields without it, the header has 3" in message
    assert message.count("\n  ") == 2


def test_no_time_at_all_is_no_response(table, caplog):
    text = "participant_id,onset,response_time\na,1,.3\na,3,0\n"
    with caplog.at_level(logging.WARNING, logger="bridges.human.checks"):
        (record,) = read_trials(table(text), "pvt")
    assert record.responses.table["response"].isna().tolist() == [False, True]
    assert "response_time is 0 in 1 rows, taken as no response" in caplog.text
    text = "participant_id,onset,response_time,response,correct_response\na,1,0,up,up\n"
    assert "row 2: response = 'up' but response_time = '0'" in faults_of(table(text), "antisaccade")


# --- late responses and accuracy coding ------------------------------------------------------------


def test_a_response_past_the_next_onset_stretches_its_window(table):
    text = "participant_id,onset,response_time\na,1,1.5\na,2,0.9\na,4,0.2\n"
    (record,) = read_trials(table(text), "pvt")
    starts, stops = (record.session.trials[c].to_numpy() for c in ("window_start_s", "window_stop_s"))
    assert starts[1] == stops[0]
    assert 2.5 < stops[0] < 2.51
    assert record.responses.table["response_time_s"].tolist() == [1.5, 0.9, 0.2]


def test_a_response_past_the_whole_next_trial(table):
    path = table("participant_id,onset,response_time\na,1,7.0\na,2,0.9\na,4,0.2\n")
    assert "row 2: response_time = 7 s reaches past the whole next trial (row 3)" in faults_of(path, "pvt")
    (record,) = read_trials(path, "pvt", longest_response_time_s=5.0)
    assert record.responses.table["response"].isna().tolist() == [True, False, False]


def test_accuracy_stands_in_for_responses(table):
    text = (
        "participant_id,onset,response_time,trial_type,correct\n"
        "a,1,.4,congruent_correct,1\na,4,.5,incongruent_incorrect,0\na,7,,incongruent,0\n"
    )
    (record,) = read_trials(table(text), "flanker")
    scored = record.scored()
    assert scored["trial_type"].tolist() == ["congruent", "incongruent", "incongruent"]
    assert scored["correct"].tolist() == [True, False, False]
    assert scored["response"].isna().tolist() == [False, False, True]
    message = faults_of(table(text.replace(",0\n", ",maybe\n")), "flanker")
    assert "row 3: correct = 'maybe', must be 1 or 0" in message


def test_tasks_that_are_not_known_need_correct_responses(table):
    header = "participant_id,onset,response_time,response,correct_response\n"
    text = header + "a,1,.3,up,up\na,3,.3,down,up\na,5,,,none\n"
    (record,) = read_trials(table(text), "antisaccade")
    assert record.session.responses == ("down", "up")
    assert record.scored()["correct"].tolist() == [True, False, True]
    assert "row 3: correct_response is missing" in faults_of(
        table(text.replace("down,up", "down,")), "antisaccade"
    )


# --- the front door --------------------------------------------------------------------------------


def test_front_door_leaves_other_tables_aside_with_a_line(tmp_path):
    (tmp_path / "pvt_trials.csv").write_text("participant_id,onset,response_time\na,1,.3\na,3,.4\n")
    (tmp_path / "survey.csv").write_text("participant_id,score\na,3\n")
    data = read_human(tmp_path)
    assert len(data.trials) == 1
    assert data.scores is None
    assert data.notes == [
        "survey.csv: left aside: not a table of trials, it has no onset and no response_time"
    ]


def test_front_door_with_nothing_behind_it(tmp_path):
    (tmp_path / "survey.csv").write_text("participant_id,score\na,3\n")
    with pytest.raises(ValueError, match=r"no human data that can be read\n  survey.csv: left aside"):
        read_human(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_human(tmp_path / "elsewhere")


def test_front_door_lists_the_faults_of_a_trial_table(tmp_path):
    (tmp_path / "pvt_trials.csv").write_text("participant_id,onset,response_time\na,-1,.3\na,3,400\n")
    with pytest.raises(ValueError, match="row 2: onset = -1 is negative"):
        read_human(tmp_path)


def test_cpt_scores_faults(tmp_path):
    header = (
        "participant_id,cpt_fa,cpt_hits,cpt_mn_h,cpt_md_h,cpt_sd_h,cpt_mn_h_750,cpt_mn_h_1750,cpt_mn_h_3750"
    )
    path = tmp_path / "scores.csv"
    path.write_text(f"{header}\na,37,320,380,370,50,350,370,400\na,5,400,x,370,50,350,370,\n")
    with pytest.raises(ValueError) as error:
        read_cpt_scores(path, diagnosis=None)
    message = str(error.value)
    for text in (
        "row 2: cpt_fa = 37, must be 0 to 36",
        "row 3: cpt_hits = 400, must be 0 to 324",
        "row 3: cpt_mn_h = 'x' is not a number",
        "row 3: cpt_mn_h_3750 is missing",
        "row 3: participant_id = 'a' is there twice",
    ):
        assert text in message
    path.write_text(f"{header}\na,18,324,380,370,76,350,370,410\n")
    (row,) = read_cpt_scores(path, diagnosis=None).to_dict("records")
    assert (row["commission_rate"], row["omission_rate"], row["rt_cv"]) == (0.5, 0.0, 0.2)
    assert row["rt_isi_slope_ms_per_s"] == pytest.approx(20.0)
    # half of the letters X pressed: z = 0, so d' = z(h) and c = -z(h) / 2
    assert row["criterion"] == pytest.approx(-row["d_prime"] / 2)
    assert row["d_prime"] == pytest.approx(NormalDist().inv_cdf(324.5 / 325))
    with pytest.raises(ValueError, match="diagnosis=None"):
        read_cpt_scores(path)


# --- recorded people as participants ---------------------------------------------------------------


def test_recorded_people_behind_the_border_of_participants(table):
    records = read_trials(table(GOOD), "sart")
    people = RecordedParticipant(records)
    assert isinstance(people, Participant)
    assert people.name == "human"
    again = list(reversed(people.sessions))
    done = []
    performances = people.perform(again, [0, 0], lambda fraction, doing: done.append(fraction))
    assert [p.responses for p in performances] == [records[1].responses, records[0].responses]
    assert done == [1.0]
    with pytest.raises(ValueError, match="2 sessions but 1 seeds"):
        people.perform(again, [0])


def test_recorded_people_cannot_perform_what_they_did_not(table):
    first, second = read_trials(table(GOOD), "sart")
    with pytest.raises(ValueError, match=r"nobody performed:\n  sessions\[1\] = Session\(sart: 2 trials"):
        RecordedParticipant([first]).perform([first.session, second.session], [1, 2])
    with pytest.raises(ValueError, match="same session"):
        RecordedParticipant([first, first, read_again(table)])
    with pytest.raises(ValueError, match="records is empty"):
        RecordedParticipant([])


def read_again(table):
    return read_trials(table(GOOD), "sart")[0]


# --- anything at all -------------------------------------------------------------------------------

FIELDS = {
    "participant_id": ["a", "b"],
    "onset": ["1.5", "2", "30", "41.25"],
    "duration": ["1"],
    "response_time": [".3", ".4", ""],
    "trial_type": ["go", "no_go"],
    "response": ["press"],
    "accuracy": ["1", "0"],
}
SPOILT = [
    "",
    "x",
    "-1",
    "0",
    "nan",
    "1e400",
    "inf",
    '"a\nb"',
    "\r",
    "\u00e9",
    '"',
    "True",
    "none",
    "1,2",
    "1_000",
]


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_tables_are_read_whole_or_refused_whole(table, seed):
    """Whatever is in the fields, the outcome is records that keep every row or one ValueError."""
    rng = random.Random(seed)
    spoil = rng.choice([0.0, 0.05, 0.3])
    rows = [
        ",".join(rng.choice(SPOILT if rng.random() < spoil else good) for good in FIELDS.values())
        for _ in range(rng.randint(1, 4))
    ]
    path = table("\n".join([",".join(FIELDS), *rows]) + "\n")
    try:
        records = read_trials(path, rng.choice(["sart", "flanker"]))
    except ValueError as error:
        assert "row " in str(error)
        # a fault that only the finished session notices would name no row of the file
        assert "session of task" not in str(error)
    else:
        assert sum(record.session.n_trials for record in records) == len(rows)
