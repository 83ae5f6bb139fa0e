"""Explains whatever a person reads off a screen: a code, a number, a finding's id, or words. Offline."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

from bootbeam.errors import UserError
from bootbeam.journal.verdict.codes import CODES, ScreenCode
from bootbeam.journal.verdict.finding import EXAMPLE_VALUES, Rule, Screen
from bootbeam.journal.verdict.ipxe_errors import KNOWN, NUMBER, IpxeError, find_error, shown_number
from bootbeam.journal.verdict.rules import BY_ID, RULES

MAX_ANSWERS = 5
MAX_FINDINGS = 4
MAX_QUESTION_CHARACTERS = 300
MAX_WORDS = 20
GOOD_ENOUGH = 0.62
"""How alike (0 to 1) words have to be to be taken for what was meant."""
CLOSEST = 4
WHOLE_LINE_WORDS = range(2, 5)
WHOLE_LINE = 0.5
"""How well it fits, and a tenth more for each of these words, when all that is known stands in a longer question."""

_AROUND = " \t\"'`()[]<>.,;:!"
"""What stands before and after a code that was copied out of a sentence."""
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")
"""What word processors make of a hyphen."""
_FINDING = re.compile(r"bb[- ]?(\d{1,3})", re.IGNORECASE)
_CODE = re.compile(r"(?:pxe[- ]?)?([emt][- ]?[0-9a-f]{2})\b.*", re.IGNORECASE)
_PART_OF_NUMBER = re.compile(r"(?:https?://)?(?:ipxe\.org/(?:err/)?)?(?:0x)?([0-9a-f]{6})x{0,2}", re.IGNORECASE)
_NUMBER_WITHIN = re.compile(r"ipxe\.org/(?:err/)?([0-9a-f]{8})", re.IGNORECASE)
_CODE_WITHIN = re.compile(r"\bPXE-([EMT][0-9A-F]{2})\b", re.IGNORECASE)
_FINDING_WITHIN = re.compile(r"\bBB-(\d{3})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One meaning of what was asked for."""

    name: str
    """"PXE-E16", "BB-020", "2e008081"; "" for words without a code."""
    where: str
    """Whose screen says so: "UEFI", "BIOS", "iPXE" ...; "" for a finding."""
    words: str
    """As they stand on the screen; a finding's title."""
    meaning: str
    sure: str = ""
    sees: str = ""
    screen: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()
    """Ids and titles of what it may be, the most common first."""

    def as_json(self) -> dict[str, object]:
        """For a program."""
        return asdict(self) | {"findings": [{"id": id, "title": title} for id, title in self.findings]}


def explain(question: str) -> list[Answer]:
    """What ``question`` means, the likeliest meaning first.

    Raises:
        UserError: nothing like it is known.
    """
    asked = " ".join(question.translate(_DASHES).split()).strip(_AROUND)[:MAX_QUESTION_CHARACTERS]
    codes = _each(asked.split())
    return codes or _one_code(asked) or _within(asked) or _words(asked) or _raise_unknown(asked)


def _one_code(asked: str) -> list[Answer]:
    return _finding(asked) or _number(asked) or _code(asked)


def _each(words: list[str]) -> list[Answer]:
    """Several codes and nothing else."""
    answers = [_one_code(word.strip(_AROUND)) for word in words[:MAX_WORDS]] if len(words) > 1 else []
    return list(dict.fromkeys(one for each in answers for one in each))[:MAX_ANSWERS] if all(answers) else []


def _finding(asked: str) -> list[Answer]:
    match = _FINDING.fullmatch(asked)
    if match is None:
        return []
    rule = BY_ID.get(f"BB-{int(match.group(1)):03}")
    return [_answer_of_rule(rule)] if rule else []


def _number(asked: str) -> list[Answer]:
    whole = NUMBER.fullmatch(asked)
    if whole is not None:
        error = find_error(asked)
        return [_answer_of_error(whole.group(1).lower(), error)] if error else []
    part = _PART_OF_NUMBER.fullmatch(asked)
    error = find_error(f"{part.group(1)}00") if part else None
    return [_answer_of_error(f"{part.group(1).lower()}..", error)] if part and error else []


def _code(asked: str) -> list[Answer]:
    match = _CODE.fullmatch(asked)
    if match is None or len(set(map(str.upper, _CODE_WITHIN.findall(asked)))) > 1:
        return []
    code = f"PXE-{match.group(1).upper().replace('-', '').replace(' ', '')}"
    return [_answer_of_code(each) for each in CODES if each.code == code]


def _within(asked: str) -> list[Answer]:
    """Codes in the middle of a line that was copied from a screen."""
    answers = []
    for number in _NUMBER_WITHIN.findall(asked):
        answers += _number(number)
    for code in _CODE_WITHIN.findall(asked):
        answers += _code(code)
    for finding in _FINDING_WITHIN.findall(asked):
        answers += _finding(f"BB-{finding}")
    return list(dict.fromkeys(answers))[:MAX_ANSWERS]


def _words(asked: str) -> list[Answer]:
    scored = _scored(asked)
    best = max(scored)[0]
    good = [(score, number) for score, number in scored if score >= max(GOOD_ENOUGH, best - 0.1)]
    answers = [_SAID[-number][1] for _, number in sorted(good, reverse=True)]
    return list(dict.fromkeys(answers))[:MAX_ANSWERS]


def _scored(asked: str) -> list[tuple[float, int]]:
    """How well each thing that is said fits, and its negative number, so that the first of equals sorts best."""
    wanted = _words_of(asked)[:MAX_WORDS]
    likeness = {word: {other: alike for other in _VOCABULARY if (alike := _alike(word, other))} for word in wanted}
    return [(_fit(wanted, likeness, texts), -number) for number, (texts, _) in enumerate(_SAID)]


def _fit(wanted: list[str], likeness: dict[str, dict[str, float]], texts: tuple[tuple[str, ...], ...]) -> float:
    """How much of what was asked stands in one of the texts: 1 when it does word for word."""
    best = 0.0
    for rank, words in enumerate(texts):
        found = sum(max((likeness[word].get(other, 0.0) for other in words), default=0.0) for word in wanted)
        # What the screen says counts more than what it means.
        best = max(best, found / len(wanted) - 0.05 * rank if wanted else 0.0)
        if rank == 0 and len(words) >= WHOLE_LINE_WORDS[0]:
            best = max(best, _fit_of_line(wanted, likeness, words))
    return best


def _fit_of_line(wanted: list[str], likeness: dict[str, dict[str, float]], words: tuple[str, ...]) -> float:
    """How well a whole line from a screen fits, which has names, paths and numbers among the words that are known."""
    there = [max((likeness[word].get(other, 0.0) for word in wanted), default=0.0) for other in words]
    share = WHOLE_LINE + 0.1 * min(len(words), WHOLE_LINE_WORDS[-1])
    return share * sum(there) / len(words) if all(there) else 0.0


def _alike(word: str, other: str) -> float:
    """1 for the same word, a little less for one that is misspelt."""
    if word == other:
        return 1.0
    if word[0] != other[0] or min(len(word), len(other)) < 4 or abs(len(word) - len(other)) > 3:
        return 0.0
    likeness = SequenceMatcher(None, word, other).ratio()
    return likeness if likeness >= 0.8 else 0.0


def _words_of(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _FILLING]


_FILLING = frozenset({"the", "a", "an", "is", "of", "to", "it", "and", "or", "in", "on", "for", "this", "error", "pxe"})


def _answer_of_rule(rule: Rule) -> Answer:
    screen = tuple(f"{where}: {rule.example(line)}" for where, lines in rule.screens.items() for line in lines)
    return Answer(
        rule.id,
        "",
        rule.example(rule.title),
        rule.example(rule.cause),
        rule.sure,
        rule.example(rule.sees),
        screen,
        tuple(rule.example(line) for line in rule.fix),
    )


def _answer_of_error(number: str, error: IpxeError) -> Answer:
    values = dict(EXAMPLE_VALUES)
    return Answer(
        number,
        Screen.IPXE,
        f"{error.message} (http://ipxe.org/{number})",
        error.meaning.format_map(values),
        fix=tuple(line.format_map(values) for line in error.fix),
    )


def _answer_of_code(code: ScreenCode) -> Answer:
    rules = [BY_ID[id] for id in code.findings]
    named = tuple((rule.id, rule.example(rule.title)) for rule in rules[:MAX_FINDINGS])
    fix = tuple(rules[0].example(line) for line in rules[0].fix) if len(rules) == 1 else ()
    return Answer(code.code, code.screen, code.words, code.meaning, fix=fix, findings=named)


def _all_said() -> Iterator[tuple[tuple[str, ...], Answer]]:
    """Everything that can be found by its words: what the screen says first, then what it means."""
    for code in CODES:
        yield (code.words, code.meaning), _answer_of_code(code)
    for number, error in KNOWN.items():
        yield (error.message, error.meaning), _answer_of_error(shown_number(number), error)
    for rule in RULES:
        answer = _answer_of_rule(rule)
        yield (answer.words, answer.meaning, answer.sees), answer


_SAID = tuple((tuple(tuple(_words_of(text)) for text in texts), answer) for texts, answer in _all_said())
_VOCABULARY = frozenset(word for texts, _ in _SAID for words in texts for word in words)


def _raise_unknown(asked: str) -> list[Answer]:
    if not _words_of(asked) or NUMBER.fullmatch(asked):
        raise UserError(
            f"nothing is known of {asked!r}",
            "that is no code of a firmware, no number of iPXE's and no finding",
            "look at the screen once more, and ask with its words: bootbeam explain no valid offer",
        )
    names = [*dict.fromkeys(code.code for code in CODES if code.code), *BY_ID]
    wanted = asked.upper() if _CODE.fullmatch(asked) or _FINDING.fullmatch(asked) else ""
    wanted = wanted if wanted.startswith(("PXE-", "BB-")) or not wanted else f"PXE-{wanted}"
    near = sorted(names, key=lambda name: SequenceMatcher(None, name, wanted).ratio(), reverse=True)[:CLOSEST]
    closest = near if wanted else [answer.name or answer.words for answer in _closest_words(asked)]
    raise UserError(
        f"nothing is known of {asked!r}",
        f"the closest are: {', '.join(closest)}",
        "ask with the code or the words as they stand on the screen: bootbeam explain PXE-E16",
    )


def _closest_words(asked: str) -> list[Answer]:
    return [_SAID[-number][1] for _, number in sorted(_scored(asked), reverse=True)[:CLOSEST]]
