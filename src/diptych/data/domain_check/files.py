"""What the files are: readable, enough, of one depth, one number of channels and a fit size."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from diptych.data.domain_check.findings import Finding, counted, finding, verb
from diptych.data.domain_check.survey import PhotoSummary, Unreadable, by_domain

CROP = 256
"""Side of the crops that training draws, px."""

MOST_UNREADABLE = 0.05
"""Training leaves broken files out, and stops if they are more than this share."""

RULE_OF_THUMB = 1000
_FEW, _VERY_FEW = 300, 50
_SCALE = 2.0


def find_files(photos: Sequence[PhotoSummary], unreadable: Sequence[Unreadable]) -> list[Finding]:
    """Check readability, numbers, depths, channels and sizes."""
    sides = by_domain(photos)
    found = [one for domain in "AB" for one in _unreadable(domain, unreadable, len(sides[domain]))]
    found += [one for domain in "AB" for one in _too_few(domain, len(sides[domain]))]
    found += _mixed(sides, "depths", lambda photo: _DEPTHS[photo.depth], "give both folders files of one depth")
    found += _mixed(sides, "channels", _channels, "convert them all to one, as a network has one number of channels")
    found += [one for domain in "AB" for one in _small(domain, sides[domain])]
    return found + list(_scales(sides)) + [one for domain in "AB" for one in _blank(domain, sides[domain])]


_DEPTHS = {
    "uint8": "8-bit",
    "uint16": "16-bit",
    "float32": "32-bit float",
    "float64": "64-bit float",
    "bool": "1-bit",
}


def _channels(photo: PhotoSummary) -> str:
    return {1: "grey", 3: "RGB"}.get(photo.channels, f"{photo.channels}-channel")


def _unreadable(domain: str, files: Sequence[Unreadable], readable: int) -> Iterator[Finding]:
    own = [one for one in files if one.domain == domain]
    if own:
        total = readable + len(own)
        level, action = (
            ("error", "repair or remove them: training stops at more than 5 %")
            if len(own) > MOST_UNREADABLE * total
            else ("warning", "repair or remove them; training leaves them out")
        )
        reasons = [f"{one.label} ({one.reason})" for one in own]
        text = f"{len(own):,} of {counted(total, 'file')} of {domain} cannot be read; {action}."
        yield finding(
            "unreadable",
            "error" if level == "error" else "warning",
            text,
            numbers={"unreadable": len(own), "files": total},
            examples=((reason,) for reason in reasons),
        )


def find_other_kinds(files: Sequence[Unreadable]) -> list[Finding]:
    """Name pictures and videos of kinds that cannot be read, which are in no other number."""
    found = []
    for domain in "AB":
        own = [one for one in files if one.domain == domain]
        if own:
            text = (
                f"{counted(len(own), 'file')} of {domain} {verb(len(own))} of a kind that cannot be read; convert "
                f"{verb(len(own), 'it', 'them')} to JPEG, PNG or TIFF, or training does without."
            )
            examples = ((f"{one.label} ({one.reason.partition(';')[0]})",) for one in own)
            found.append(finding("unreadable", "warning", text, numbers={"other_kinds": len(own)}, examples=examples))
    return found


def _too_few(domain: str, count: int) -> Iterator[Finding]:
    numbers = {"readable": count}
    rule = f"the rule of thumb is {RULE_OF_THUMB:,} for each domain"
    if count < 2:
        text = f"{domain} has {counted(count, 'readable picture')}, and training needs 2 at the very least; {rule}."
        yield finding("count", "error", text, numbers=numbers)
    elif count < _VERY_FEW:
        text = f"{domain} has {counted(count)}: enough for a model of tone and colour only, such as a curve; {rule}."
        yield finding("count", "warning", text, numbers=numbers)
    elif count < RULE_OF_THUMB:
        allowed = "a small network with strong regularisation" if count < _FEW else "a small network"
        text = f"{domain} has {counted(count)}: enough for {allowed}; {rule}."
        yield finding("count", "note", text, numbers=numbers)


def _mixed(
    sides: dict[str, list[PhotoSummary]], kind: str, key: Callable[[PhotoSummary], str], action: str
) -> list[Finding]:
    kinds = {domain: collections.Counter(key(photo) for photo in side) for domain, side in sides.items()}
    together = kinds["A"] + kinds["B"]
    if len(together) < 2:
        return []
    told = "; ".join(
        f"{domain}: {', '.join(f'{number:,} {name}' for name, number in kinds[domain].most_common())}"
        for domain in "AB"
    )
    usual = {domain: kinds[domain].most_common(1)[0][0] for domain in "AB" if kinds[domain]}
    odd = [(photo.label,) for side in sides.values() for photo in side if key(photo) != usual[photo.domain]]
    numbers = {f"{domain} {name}": float(number) for domain in "AB" for name, number in kinds[domain].items()}
    return [finding(kind, "warning", f"The {kind} differ ({told}); {action}.", numbers=numbers, examples=odd)]


def _small(domain: str, side: Sequence[PhotoSummary]) -> Iterator[Finding]:
    small = [photo for photo in side if min(photo.height, photo.width) < CROP]
    if small:
        text = (
            f"{counted(len(small))} of {domain} {verb(len(small))} smaller than a crop of {CROP} x {CROP}; train with smaller "
            f"crops, or leave {verb(len(small), 'it', 'them')} out."
        )
        yield finding(
            "small", "warning", text, numbers={"small": len(small)}, examples=((photo.label,) for photo in small)
        )


def _scales(sides: dict[str, list[PhotoSummary]]) -> Iterator[Finding]:
    if not all(sides.values()):
        return
    lengths = {domain: [max(photo.height, photo.width) for photo in side] for domain, side in sides.items()}
    middle = {domain: median(values) for domain, values in lengths.items()}
    numbers = {f"longest_side_{domain}": float(value) for domain, value in middle.items()}
    if max(middle.values()) > _SCALE * min(middle.values()):
        text = (
            f"The sizes differ: the longest side has {middle['A']:.0f} px in A and {middle['B']:.0f} px in B (medians), so "
            f"that crops show things in different scales; reduce the larger ones."
        )
        yield finding("sizes", "warning", text, numbers=numbers)
    elif any(max(values) > _SCALE * min(values) for values in lengths.values()):
        told = "; ".join(f"{domain}: {min(values)} to {max(values)} px" for domain, values in lengths.items())
        text = f"The sizes vary (longest side, {told}); crops are drawn at full resolution, so things appear in several scales."
        yield finding("sizes", "note", text, numbers=numbers)


def _blank(domain: str, side: Sequence[PhotoSummary]) -> Iterator[Finding]:
    blank = [photo for photo in side if photo.content.blank]
    if blank:
        text = (
            f"{counted(len(blank))} of {domain} {verb(len(blank))} black, flat or nothing but noise; leave "
            f"{verb(len(blank), 'it', 'them')} out."
        )
        yield finding(
            "blank", "warning", text, numbers={"blank": len(blank)}, examples=((photo.label,) for photo in blank)
        )
