"""How well the classifier knows the kind of work, on the labelled corpus; with `--fit`, weights from its open part.

What is printed as held back is the third that no phrase and no weight was chosen by.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.corpus.cases import Case, body_of, cases

from anvil_serving import router
from anvil_serving._core import Phrases, Request
from anvil_serving.config import WORK_CLASSES
from anvil_serving.router.classify import Classification, load_classifier
from anvil_serving.router.decide import Lexicon, evidence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(router.__file__).parent / "classes.json"

STRENGTHS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
"""Inverse penalties (L2) that are tried; the strongest penalty within one standard error of the best is taken
(Breiman et al., Classification and Regression Trees, 1984, section 3.4.3)."""
FOLDS = 8
RAREST = 3
"""Cases that a feature must be in to get a weight."""


class Judged(NamedTuple):
    case: Case
    found: Classification
    features: list[tuple[str, float]]
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.case.allows(self.found.work_class)

    @property
    def is_marked(self) -> bool:
        """Whether the harness's own prompt has decided."""
        return self.found.runner_up is None


def judged(some: Sequence[Case]) -> list[Judged]:
    """What the classifier makes of each case's request."""
    classifier = load_classifier()
    lexicon = Lexicon(classifier.phrases, classifier.marks, Phrases)
    results = []
    for case in some:
        request = Request.decode(case.dialect, body_of(case))
        began = time.perf_counter()
        evidence = evidence_of(request, request.facts, lexicon)
        found = classifier.classify(evidence)
        seconds = time.perf_counter() - began
        results.append(Judged(case, found, classifier.features(evidence), seconds))
    return results


def fit(some: Sequence[Judged]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Biases and weights: penalised multinomial logistic regression, each class weighing the same.

    Needs numpy and scikit-learn, which nothing else does.
    """
    import numpy as np  # noqa: PLC0415 - only who fits needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415 - as above

    known = Counter(name for each in some for name, _ in each.features)
    names = sorted(name for name, count in known.items() if count >= RAREST)
    columns = {name: column for column, name in enumerate(names)}
    features = np.zeros((len(some), len(names)))
    for row, each in enumerate(some):
        for name, value in each.features:
            if name in columns:
                features[row, columns[name]] = value
    labels = np.array([WORK_CLASSES.index(each.case.work_class) for each in some])

    def model(strength: float) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=4_000, class_weight="balanced")

    losses: dict[float, np.ndarray] = {}
    for strength in STRENGTHS:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1)
        told = cross_val_predict(model(strength), features, labels, cv=folds, method="predict_proba")
        losses[strength] = -np.log(told[np.arange(len(labels)), labels])
    best = min(losses.values(), key=lambda loss: loss.mean())
    bound = best.mean() + best.std() / math.sqrt(len(best))
    fitted = model(min(strength for strength, loss in losses.items() if loss.mean() <= bound)).fit(features, labels)
    weights = {
        name: {label: round(float(fitted.coef_[row, column]), 2) for row, label in enumerate(WORK_CLASSES)}
        for column, name in enumerate(names)
    }
    return {
        label: round(float(value), 2) for label, value in zip(WORK_CLASSES, fitted.intercept_, strict=True)
    }, weights


def written(data: dict[str, Any]) -> str:
    """The data file's text: a list of phrases, a mark or a feature's weights a line."""

    def line(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    groups = []
    for group in data["phrases"]:
        languages = ",\n".join(f"   {line(name)}: {line(some)}" for name, some in group["phrases"].items())
        groups.append(f'  {{"feature": {line(group["feature"])}, "phrases": {{\n{languages}\n  }}}}')
    members = {
        "phrases": "[\n" + ",\n".join(groups) + "\n ]",
        "marks": "[\n" + ",\n".join(f"  {line(mark)}" for mark in data["marks"]) + "\n ]",
        "weights": "{\n" + ",\n".join(f"  {line(name)}: {line(of)}" for name, of in data["weights"].items()) + "\n }",
    }
    return "{\n" + ",\n".join(f" {line(name)}: {members.get(name) or line(of)}" for name, of in data.items()) + "\n}\n"


def report(title: str, results: Sequence[Judged], *, shows_errors: bool) -> None:
    """Accuracy, confusion and calibration."""
    right = sum(each.is_right for each in results)
    sure = [each for each in results if not each.found.is_ambiguous]
    print(f"\n{title}: {right} of {len(results)} right ({right / len(results):.1%}); ", end="")
    print(f"of {len(sure)} that were not ambiguous {sum(each.is_right for each in sure) / max(1, len(sure)):.1%}")
    print(f"{'':22}" + "".join(f"{work_class[:12]:>14}" for work_class in WORK_CLASSES))
    for label in WORK_CLASSES:
        row = Counter(each.found.work_class for each in results if each.case.work_class == label)
        print(f"{label:22}" + "".join(f"{row[work_class] or '.':>14}" for work_class in WORK_CLASSES))
    silent = [each for each in results if each.case.work_class == "planning" and not each.is_right]
    silent = [each for each in silent if not each.found.is_ambiguous]
    print(f"planning taken for something else in silence: {len(silent)}")
    inferred = [each for each in results if not each.is_marked]
    print(f"calibration of {len(inferred)}: expected error {calibration_error(inferred):.3f}; ", end="")
    for low, high in ((0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        bin_ = [each for each in inferred if low <= each.found.probability < high]
        if bin_:
            told = sum(each.found.probability for each in bin_) / len(bin_)
            print(f"{told:.2f} said {sum(each.is_right for each in bin_) / len(bin_):.2f} true ({len(bin_)}); ", end="")
    times = sorted(each.seconds for each in results)
    print(f"\ncost: median {times[len(times) // 2] * 1e6:.0f} µs, 95 % {times[len(times) * 95 // 100] * 1e6:.0f} µs")
    if shows_errors:
        for each in results:
            if not each.is_right:
                spoke = ", ".join(f"{name} {weight:+.1f}" for name, weight in each.found.features)
                found = each.found
                print(f"  {each.case.id} [{each.case.language}] {each.case.work_class} -> {found.work_class}", end="")
                print(f" {found.probability:.2f}{'?' if found.is_ambiguous else ''}: {spoke}")


def calibration_error(results: Sequence[Judged]) -> float:
    """The expected difference between what is said and what is true, over ten bins."""
    bins: dict[int, list[Judged]] = {}
    for each in results:
        bins.setdefault(min(9, int(each.found.probability * 10)), []).append(each)
    return sum(
        abs(sum(each.found.probability for each in bin_) - sum(each.is_right for each in bin_))
        for bin_ in bins.values()
    ) / max(1, len(results))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="write new weights into the data file first")
    parser.add_argument("--errors", action="store_true", help="show what is wrong in the open two thirds")
    arguments = parser.parse_args()
    everything = cases()
    if arguments.fit:
        data = json.loads(DATA.read_bytes())
        open_ones = judged([case for case in everything if not case.is_held_back])
        data["bias"], data["weights"] = fit([each for each in open_ones if not each.is_marked])
        DATA.write_text(written(data))
    results = judged(everything)
    by_harness = Counter(each.case.harness for each in results)
    languages = Counter(each.case.language for each in results)
    print(f"{len(results)} cases, {len(by_harness)} harness styles, {len(languages)} languages")
    open_ones = [each for each in results if not each.case.is_held_back]
    report("open part", open_ones, shows_errors=arguments.errors)
    report("held-back third", [each for each in results if each.case.is_held_back], shows_errors=False)


if __name__ == "__main__":
    main()
