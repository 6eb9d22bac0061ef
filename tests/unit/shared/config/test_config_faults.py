"""Each kind of fault, put into the shipped configuration by hand, is named at its line with what would be right."""

import pytest

from tests.support.example_config import Example

ANA = "capacity: 4\n    shifts: {time_zone: America/Sao_Paulo"


@pytest.mark.parametrize(
    ("name", "old", "new", "path", "message"),
    [
        # keys and types
        ("roster", ANA, f"capacty: 4\n    {ANA}", "specialists[0].capacty", "unknown key; did you mean capacity?"),
        (
            "taxonomy",
            "severity: high",
            "severtiy: high",
            "policy_areas.violent_content.severtiy",
            "did you mean severity",
        ),
        ("roster", ANA, ANA.replace("4", '"4"', 1), "specialists[0].capacity", "a whole number is needed here"),
        ("roster", ANA, ANA.replace("4", "4.5", 1), "specialists[0].capacity", "a whole number is needed here"),
        ("roster", "regions: [BR, PT, MX]", "regions: BR", "specialists[0].regions", "a list is needed here"),
        ("access", "role: lead, key", "role: leader, key", "principals[2].role", "did you mean lead?"),
        ("taxonomy", "severity: high", "severity: hgih", "policy_areas.violent_content.severity", "did you mean high?"),
        ("channels", "kind: log", "kind: logg", "channels[1].kind", "did you mean log?"),
        ("taxonomy", "two_person: true", "two_person: yes", "actions.suspend.two_person", "true or false is needed"),
        # ranges
        ("roster", "languages: {pt: 5", "languages: {pt: 6", "specialists[0].languages.pt", "at most 5"),
        ("taxonomy", "graphic: 2", "graphic: 4", "policy_areas.violent_content.graphic", "at most 3"),
        ("routing", "critical: PT60S", "critical: PT0S", "offer_timeout.critical", "longer than zero"),
        ("sla", "critical: PT5M", "critical: 5 minutes", "internal.acknowledge.critical", "ISO 8601"),
        ("sla", "[50, 75, 90]", "[50, 90, 75]", "warn.percents", "must rise"),
        ("sla", "[50, 75, 90]", "[50, 75, 100]", "warn.percents", "within 1 and 99"),
        # names from outside
        ("roster", "regions: [BR, PT", "regions: [BR, UK", "specialists[0].regions[1]", "'UK' is no region"),
        ("roster", "languages: {pt: 5", "languages: {portuguese!: 5", "specialists[0].languages", "BCP 47"),
        ("roster", "America/Sao_Paulo", "America/Sao_Paolo", "specialists[0].shifts.time_zone", "no IANA time zone"),
        ("roster", 'open: "09:00"', 'open: "9:00"', "specialists[0].shifts.weekly[0].open", "HH:MM"),
        ("roster", "closed: [2026-12-25]", "closed: [2026-02-30]", "specialists[0].shifts.closed[0]", "YYYY-MM-DD"),
        ("sla", "holidays: DE-BE", "holidays: DE-BER", "calendars.berlin.holidays", "write DE, or DE- and one of BB"),
        ("sla", "holidays: DE-BE", "holidays: UK", "calendars.berlin.holidays", "such as DE"),
        # names from other files
        (
            "roster",
            "[violent_content,",
            "[violent_contents,",
            "specialists[0].policy_areas[0]",
            "did you mean violent_content?",
        ),
        (
            "roster",
            "certifications: [child_safety]",
            "certifications: [child_safty]",
            "specialists[0].certifications[0]",
            "did you mean child_safety?",
        ),
        (
            "roster",
            "latam:  {specialists: [ana",
            "latam:  {specialists: [anna",
            "pools.latam.specialists[0]",
            "did you mean ana?",
        ),
        (
            "roster",
            "opt_outs: [suicide_and_self_harm]",
            "opt_outs: [suicide]",
            "specialists[2].opt_outs[0]",
            "no policy area of taxonomy.yaml",
        ),
        (
            "routing",
            "{child_safety: PT35M}",
            "{child_savety: PT35M}",
            "handling.policy_areas.child_savety",
            "did you mean child_safety?",
        ),
        ("sla", "calendar: berlin", "calendar: berlim", "internal.resolve.low.calendar", "did you mean berlin?"),
        (
            "sla",
            "policy_areas: [appeal]",
            "policy_areas: [appeals]",
            "regulatory[1].policy_areas[0]",
            "did you mean appeal?",
        ),
        ("sla", "actions: [remove,", "actions: [removed,", "regulatory[0].stop.actions[0]", "did you mean remove?"),
        ("oncall", "owner: lead", "owner: leadd", "schedules[0].owner", "did you mean lead?"),
        (
            "oncall",
            "responders: [kenji",
            "responders: [kenny",
            "schedules[0].layers[0].responders[0]",
            "did you mean kenji?",
        ),
        (
            "oncall",
            "{schedule: safety-primary}",
            "{schedule: safety-prime}",
            "policies[0].steps[0].notify[0].schedule",
            "did you mean safety-primary?",
        ),
        (
            "oncall",
            "fallback: [{responder: lead}",
            "fallback: [{responder: led}",
            "policies[0].fallback[0].responder",
            "did you mean lead?",
        ),
        ("oncall", "policy: safety,", "policy: safty,", "paging[0].policy", "did you mean safety?"),
        (
            "oncall",
            "high: [{channel: pager",
            "high: [{channel: pagr",
            "responders[0].rules.high[0].channel",
            "did you mean pager?",
        ),
        ("channels", "\nchannels:", "\nstakeholders: mail\nchannels:", "stakeholders", "'mail' is no channel"),
        (
            "channels",
            "\nchannels:",
            "\nstakeholders: logbook\nchannels:",
            "stakeholders",
            "need a channel of kind email",
        ),
        # what does not fit together
        ("roster", ANA, ANA.replace("4", "1", 1), "specialists[0].capacity", "below the 2 units of a critical case"),
        ("roster", "id: mateo", "id: ana", "specialists[1].id", "'ana' stands twice, first in line"),
        ("access", "{id: trust-desk,", "{id: report-tool,", "principals[1].id", "stands twice"),
        ("sla", "id: eu.tco.art10", "id: eu.tco.art3", "regulatory[1].id", "stands twice"),
        ("sla", "{date: 2026-12-24", "{date: 2026-12-31", "calendars.berlin.special[0]", "both closed and special"),
        (
            "sla",
            "legal_order, order_specified: true",
            "legal_order, order_specified: false",
            "regulatory[20]",
            "there is no target",
        ),
        (
            "sla",
            "\n    target: PT1H\n",
            "\n    target: PT1H\n    order_specified: true\n",
            "regulatory[0].target",
            "exclude each other",
        ),
        (
            "sla",
            "trigger: legal_order",
            "trigger: court_order",
            "regulatory[0].trigger",
            "write one of legal_order, report",
        ),
        (
            "sla",
            "stop: {actions: [remove, withhold_in_country]}",
            "stop: removal",
            "regulatory[0].stop",
            "write resolve or",
        ),
        (
            "oncall",
            "notify: [{schedule: safety-primary}]",
            "notify: []",
            "policies[0].steps[0].notify",
            "the step is empty",
        ),
        (
            "oncall",
            "{schedule: safety-primary}]",
            "{schedule: legal-desk, responder: lead}]",
            "policies[0].steps[0].notify[0]",
            "exactly one of",
        ),
        ("oncall", "ack_timeout: PT5M", "ack_timeout: PT0S", "policies[0].steps[0].ack_timeout", "longer than zero"),
        (
            "oncall",
            "{on: breach, severities",
            "{on: breach, percent: 90, severities",
            "paging[0].percent",
            "only a warning has a percent",
        ),
        (
            "oncall",
            '"2026-01-05T00:00"',
            '"2026-01-05T00:00Z"',
            "schedules[0].layers[0].rotation.anchor",
            "without an offset",
        ),
        ("oncall", "- id: emea", "- id: apac", "schedules[0].layers[1].id", "stands twice"),
        # secrets and keys
        ("channels", "secret: env:PAGER_SECRET", "secret: whsec_abc", "channels[0].secret", "by reference only"),
        ("channels", "url: env:PAGER_URL", "url: pager.example.org", "channels[0].url", "begins with https://"),
        ("access", "key_sha256: []", 'key_sha256: ["ABC"]', "principals[0].key_sha256[0]", "64 lower-case hex digits"),
        ("access", "kind: source, key", "kind: source, role: lead, key", "principals[0].role", "a source has no role"),
    ],
)
def test_a_fault_is_named_with_its_line(
    example: Example, name: str, old: str, new: str, path: str, message: str
) -> None:
    line = example.replace(name, old, new)

    faults = example.faults()

    named = [fault for fault in faults if fault.path.startswith(path) and message in fault.message]
    assert named, "\n".join(map(str, faults)) or "no fault at all"
    assert (named[0].file, named[0].line) == (f"{name}.yaml", line)
    assert str(named[0]).startswith(f"{name}.yaml:{line}: {named[0].path}: ")


def test_every_fault_of_every_file_is_named_at_once(example: Example) -> None:
    """Faults of types do not hide faults of names, in the same file or another."""
    example.replace("roster", "capacity: 4", "capacity: four")
    example.replace("roster", "policy_areas: [violent_and_hateful_entities,", "policy_areas: [nonsense,")
    example.replace("taxonomy", "severity: high", "severity: dreadful")
    example.replace("oncall", "policy: leads", "policy: nobody")
    (example.folder / "sla.yaml").unlink()

    found = {(fault.file, fault.path) for fault in example.faults()}

    assert found == {
        ("roster.yaml", "specialists[0].capacity"),
        ("roster.yaml", "specialists[5].policy_areas[0]"),
        ("taxonomy.yaml", "policy_areas.violent_content.severity"),
        ("oncall.yaml", "paging[4].policy"),
        ("sla.yaml", ""),
    }


def test_a_file_that_is_no_yaml_is_named_with_the_line_where_it_ends_to_be(example: Example) -> None:
    line = example.append("routing", "broken: [1, 2\n")

    [fault] = example.faults()

    assert (fault.file, fault.line) in {("routing.yaml", line), ("routing.yaml", line + 1)}
    assert "no YAML" in fault.message


def test_a_key_that_stands_twice_names_both_lines(example: Example) -> None:
    line = example.append("routing", "min_proficiency: 3\n")

    [fault] = example.faults()

    assert (fault.line, fault.path) == (line, "min_proficiency")
    assert "first in line" in fault.message


def test_two_principals_cannot_share_a_key(example: Example) -> None:
    for _ in range(2):
        example.replace("access", "key_sha256: []", f'key_sha256: ["{"ab" * 32}"]')

    [fault] = example.faults()

    assert fault.path == "principals[1].key_sha256[0]"
    assert "stands twice" in fault.message


def test_a_calendar_that_never_opens_is_refused(example: Example) -> None:
    line = example.replace("roster", "shifts: {time_zone: Asia/Tokyo, weekly: [", "shifts: {time_zone: Asia/Tokyo} # [")

    [fault] = example.faults()

    assert (fault.line, fault.path) == (line, "specialists[8].shifts")
    assert "no open time in the 366 days" in fault.message


@pytest.mark.parametrize(
    "content", ["", "# nothing\n", "- a list\n", "just text\n", "\x00", "a: &a [*a]\n", "? [x]\n: 1\n"]
)
def test_a_file_of_another_shape_is_a_fault_and_never_an_error(example: Example, content: str) -> None:
    (example.folder / "channels.yaml").write_text(content, encoding="utf-8")

    assert any(fault.file == "channels.yaml" for fault in example.faults())


def test_a_file_that_is_not_utf8_is_a_fault(example: Example) -> None:
    (example.folder / "channels.yaml").write_bytes(b"channels: [\xff\xfe]\n")

    assert any(fault.file == "channels.yaml" and "UTF-8" in fault.message for fault in example.faults())
