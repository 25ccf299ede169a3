"""The classifier against the labelled corpus: what is held back is held to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.corpus.cases import Case, body_of, cases

from anvil_serving.config import WORK_CLASSES
from anvil_serving.router.classify import Classification, load_classifier
from anvil_serving.router.decide import Lexicon, evidence_of
from anvil_serving.upstream import Phrases, Request

if TYPE_CHECKING:
    from collections.abc import Sequence


class Judged(NamedTuple):
    case: Case
    found: Classification

    @property
    def is_right(self) -> bool:
        return self.case.allows(self.found.work_class)


@pytest.fixture(scope="module")
def held_back() -> Sequence[Judged]:
    classifier = load_classifier()
    lexicon = Lexicon(classifier.phrases, classifier.marks, Phrases)
    results = []
    for case in cases():
        if case.is_held_back:
            request = Request.decode(case.dialect, body_of(case))
            results.append(Judged(case, classifier.classify(evidence_of(request, request.facts, lexicon))))
    return results


def test_the_corpus_is_broad() -> None:
    everything = cases()
    assert len({case.id for case in everything}) == len(everything) >= 300
    assert {case.work_class for case in everything} == set(WORK_CLASSES)
    assert len({case.harness for case in everything}) == 6
    assert len({case.language for case in everything}) >= 8
    counts = Counter(case.work_class for case in everything if case.is_held_back)
    assert min(counts.values()) >= 30


def test_nine_of_ten_held_back_cases_are_known(held_back: Sequence[Judged]) -> None:
    assert sum(each.is_right for each in held_back) / len(held_back) >= 0.9


def test_planning_is_never_taken_for_less_in_silence(held_back: Sequence[Judged]) -> None:
    wrong = [each for each in held_back if each.case.work_class == "planning" and not each.is_right]
    # A count, for nobody is to learn which ones they are.
    assert sum(not each.found.is_ambiguous for each in wrong) == 0


def test_what_is_not_ambiguous_is_nearly_always_right(held_back: Sequence[Judged]) -> None:
    sure = [each for each in held_back if not each.found.is_ambiguous]
    assert len(sure) / len(held_back) > 0.8
    assert sum(each.is_right for each in sure) / len(sure) >= 0.92


def test_probabilities_are_meant(held_back: Sequence[Judged]) -> None:
    inferred = [each for each in held_back if each.found.runner_up is not None]
    bins: dict[int, list[Judged]] = {}
    for each in inferred:
        bins.setdefault(min(4, int(each.found.probability * 5)), []).append(each)
    gaps = [sum(each.found.probability - each.is_right for each in some) for some in bins.values()]
    assert sum(abs(gap) for gap in gaps) / len(inferred) < 0.08
