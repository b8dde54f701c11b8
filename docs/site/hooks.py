"""What MkDocs calls while it builds the site: generated pages, notebooks, links that leave the folder, languages."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import measured
import notebooks
import reference
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
RESULTS = measured.files()
OUTSIDE = (
    RESULTS
    | measured.data()
    | {
        "CHANGELOG.md": "reference/changelog.md",
        "README.zh-CN.md": "zh/index.md",
        "README.md": "index.md",
    }
)
"""Files outside ``docs/`` that have a page on the site."""
FROM = {page: file for file, page in RESULTS.items()} | {"reference/changelog.md": "CHANGELOG.md"}
"""Pages that are such files: their links are relative to there."""

FRONT = {"en": "index.md", "zh": "zh/index.md"}
"""The first page of each language."""

UNSEARCHED = re.compile(r"reference/(?:benchmarks|changelog|results/.*)\.md")
"""Pages of numbers and of news: the index is a part of every page."""

_WRAPPED = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\n *(?=[\u4e00-\u9fff])")
"""Where a line of Chinese goes on in the next one, which is no space."""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)")
_PAIR = re.compile(r"^!\[(\w+): before and after\]\((\S+)\)$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Complete the navigation: packages, measurements, and pages that it does not name, under the how-to guides."""
    known = set(re.findall(r"[\w/]+\.md", str(config.nav)))
    new = sorted(path.name for path in Path(config.docs_dir).glob("*.md") if path.name not in known)
    parts = {title: pages for part in config.nav for title, pages in part.items()}
    parts["How-to guides"] += new
    within = {title: listed for one in parts["Reference"] if isinstance(one, dict) for title, listed in one.items()}
    within["Measurements"][:] = measured.navigation(without=known)
    packages = within["Python"]
    packages += [{reference.dotted(room): f"reference/python/{room}.md"} for room in reference.PUBLIC]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of the package and of the notebooks."""
    for place, text in (reference.pages() | measured.pages()).items():
        files.append(File.generated(config, place, content=text))
    for file, page in RESULTS.items():
        for place, path in measured.pictures(file).values():
            at = posixpath.normpath(posixpath.join(posixpath.dirname(page), place))
            if not files.get_file_from_path(at):
                files.append(File.generated(config, at, content=path.read_bytes()))
    for notebook in sorted(Path(config.docs_dir).rglob("*.ipynb")):
        text, pictures = notebooks.markdown(notebook)
        place = notebook.relative_to(config.docs_dir)
        files.append(File.generated(config, place.with_suffix(".md").as_posix(), content=text))
        for name, data in pictures.items():
            files.append(File.generated(config, (place.parent / name).as_posix(), content=data))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Take the marks of fences away, mend links that leave the folder, and let before and after be compared."""
    if UNSEARCHED.fullmatch(page.file.src_uri):
        page.meta["search"] = {"exclude": True}
    text = re.sub(r"^```(\w+) (?:heavy|other)$", r"```\1", markdown, flags=re.MULTILINE)
    own = page.file.src_uri
    if FROM.get(own) in RESULTS:
        text = measured.with_pictures(text, FROM[own])
    text = _LINK.sub(lambda link: _mended(link, own, files), text)
    if own.startswith("zh/"):
        text = _WRAPPED.sub("", text)
    return _PAIR.sub(_slider, text)


def on_page_context(context: Any, page: Any, config: Any, nav: Any) -> Any:
    """Let the words of the theme be those of the page's language, and its other language lead to the same page."""
    own = page.file.src_uri
    language = "zh" if own.startswith("zh/") else "en"
    config.theme["language"] = language
    english = own.removeprefix("zh/")
    pages = {file.src_uri for one in nav.pages if (file := one.file)}
    for one in config.extra["alternate"]:
        same = f"zh/{english}" if one["lang"] == "zh" else english
        place = same if same in pages else FRONT[one["lang"]]
        one["link"] = place.removesuffix(".md") + ".html"
    return context


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Give the search a name, and let wide code be reached and moved by the keyboard."""
    name = "搜索" if page.file.src_uri.startswith("zh/") else "Search"
    named = output.replace(
        'data-md-component="search" role="dialog"', f'data-md-component="search" role="dialog" aria-label="{name}"'
    )
    return re.sub(r"(<pre[^>]*><span></span>)<code>", r'\1<code tabindex="0">', named)


def _mended(link: re.Match[str], own: str, files: Any) -> str:
    """Return a link as it is, or to the page on the site, or as its text where there is none."""
    text, target, anchor = link[1], link[2], link[3] or ""
    file = posixpath.normpath(posixpath.join(posixpath.dirname(FROM.get(own, f"docs/{own}")), target))
    page = OUTSIDE.get(file, file.removeprefix("docs/"))
    if page.endswith(".ipynb") and (read := page.removesuffix("ipynb") + "md") != own:
        page = read
    if files.get_file_from_path(page):
        return f"[{text}]({posixpath.relpath(page, posixpath.dirname(own) or '.')}{anchor})"
    if file.startswith("docs/") or not (ROOT / file).exists():
        return link[0]  # MkDocs says that it is dead
    return f"`{file}`" if text.strip("`") == file else f"{text} (`{file}`)"


def _slider(pair: re.Match[str]) -> str:
    name, picture = pair[1], pair[2]
    image = f"![{name}: before on the left, after on the right]({picture})"
    return f'<figure class="pair" data-name="{name}" markdown>\n{image}\n</figure>'
