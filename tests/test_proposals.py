"""`sendwaits map`: a supplier's invented headings are proposed well, marked when unsure, and no child's value is taken for one."""

from __future__ import annotations

import pytest

import sendwaits as sw
from sendwaits import sample
from sendwaits.errors import Refused
from sendwaits.intake import extracts
from sendwaits.run.starting import map_headings
from sendwaits.workspace import open_workspace

INVENTED = {
    "NST": {
        "child_id": "Patient Identifier",
        "referral_id": "Episode ID",
        "referral_date": "RefRecvdDt",
        "rejected_date": "RefDeclinedDt",
        "closed_date": "DischDt",
        "closed_reason": "DischReason",
        "next_appointment_date": "NextApptDt",
        "priority": "RefPriority",
        "source": "RefSource",
        "need": "PresentingProblem",
        "date_of_birth": "DoB",
        "sex": "Sex at birth",
        "district": "LA District",
        "school": "Educational setting",
        "accepted_date": "TriagedDt",
        "first_appointment_date": "FirstSeenDt",
        "outcome_date": "DiagnosticOutcomeDt",
        "support_date": "PostDiagSupportDt",
    },
    "OT_HEALTH": {
        "child_id": "NHS Num",
        "referral_id": "Spell",
        "referral_date": "Date referral arrived",
        "rejected_date": "Date sent back",
        "closed_date": "Date off caseload",
        "assessment_date": "Initial Assessment",
        "treatment_date": "Therapy Commenced",
        "next_appointment_date": "Next Contact",
        "date_of_birth": "Birthday",
        "sex": "M/F",
        "district": "Borough",
        "school": "School/Nursery",
    },
    "EHC": {
        "child_id": "Pupil No",
        "request_id": "EHCNA Number",
        "request_date": "EHCNA Request Date",
        "request_source": "Requester",
        "request_outcome": "Assess Y/N",
        "request_outcome_date": "Date Agreed/Refused to Assess",
        "assessment_outcome": "Issue Y/N",
        "assessment_outcome_date": "Date Agreed/Refused to Issue",
        "plan_date": "EHCP Finalised",
        "week20": "Exception Applies",
        "closed_date": "Case Closed On",
        "closed_reason": "Case Closed Reason",
        "date_of_birth": "Pupil DOB",
        "sex": "Gender Code",
        "district": "District Name",
        "school": "Current School",
        "need": "Primary SEN",
    },
}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """The small sample with the headings of a supplier nobody has met."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("invented")
    sample.write(made, size="small")
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / "sendwaits.toml").write_text(
        '[area]\nname = "Norland"\n', encoding="utf-8", newline="\n"
    )
    for code, names in INVENTED.items():
        data = next(
            p
            for p in (made / "data" / "raw").iterdir()
            if p.name.lower() == f"{code}_2024-07-31.csv".lower()
        ).read_bytes()
        head, _, rest = data.partition(b"\n")
        texts = [names.get(c, c) for c in head.decode("utf-8-sig").strip().split(",")]
        (folder / "data" / "raw" / f"{code}_2024-07-31.csv").write_bytes(
            ",".join(texts).encode() + b"\n" + rest
        )
    return open_workspace(folder)


@pytest.mark.parametrize("code", INVENTED)
def test_nearly_every_invented_heading_is_proposed_for_its_column(space, code):
    rows = extracts.propose_headings(space.raw / f"{code}_2024-07-31.csv", space.pathway(code))
    got = {r["column"]: r["heading"] for r in rows}
    wrong = {name: got[name] for name, heading in INVENTED[code].items() if got[name] != heading}
    assert len(wrong) <= 1, wrong
    assert not set(space.pathway(code).required) & set(wrong), "the required columns are all right"


def test_what_is_a_guess_is_marked_and_the_file_is_left_alone(space):
    before = (space.root / "sendwaits.toml").read_bytes()
    text = map_headings(space.raw / "OT_HEALTH_2024-07-31.csv", "OT_HEALTH")
    assert text.startswith("[pathways.OT_HEALTH.headings]\n")
    assert '# referral_date = "Date referral arrived"   # unsure' in text
    assert (space.root / "sendwaits.toml").read_bytes() == before


def test_the_refusal_of_an_unmapped_file_suggests_the_command(space):
    from sendwaits.intake import check

    messages = "\n".join(check(space).refusals)
    assert "sendwaits map FILE --pathway OT_HEALTH" in messages


def test_a_row_of_values_is_never_taken_for_headings(tmp_path):
    """A child's row that happens to hold a canonical word ("School" as source) stands under unknown headings."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "A"\n', encoding="utf-8", newline="\n")
    file = tmp_path / "data" / "raw" / "SLCN_2024-07-31.csv"
    file.write_text(
        "Pupil Ref,Came In,From\nQQ7654,2024-01-05,School\nQQ7655,2024-02-05,School\n",
        encoding="utf-8",
        newline="\n",
    )
    open_workspace(tmp_path)
    text = map_headings(file, "SLCN")
    assert "QQ76" not in text and '"School"' not in text and "Pupil Ref" in text
    with pytest.raises(Refused) as refused:
        sw.open(tmp_path).figures("2024-07-31")
    assert "QQ76" not in str(refused.value) and "School" not in str(refused.value)


def test_a_file_without_the_date_that_ends_a_wait_says_so(tmp_path):
    """Its heading was unknown and so ignored: without a word every child would seem to wait for ever."""
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "sendwaits.toml").write_text('[area]\nname = "A"\n', encoding="utf-8", newline="\n")
    file = tmp_path / "data" / "raw" / "SLCN_2024-07-31.csv"
    file.write_text(
        "child_id,referral_date,Face to Face\nA1,2024-01-05,2024-02-05\nA2,2024-02-05,\n",
        encoding="utf-8",
        newline="\n",
    )
    found = sw.open(tmp_path).check().findings.set_index("code").loc["N-HEADER"]
    seen, closed = found.itertuples()
    assert "no column 'first_contact_date': nobody completes" in seen.message
    assert "no column 'closed_date': nobody leaves a list but by completion" in closed.message
    assert "sendwaits map" in seen.what_to_do
    file.write_text(
        "child_id,referral_date,first_contact_date,closed_date\nA1,2024-01-05,2024-02-05,\n",
        encoding="utf-8",
        newline="\n",
    )
    assert "N-HEADER" not in set(sw.open(tmp_path).check().findings["code"])
