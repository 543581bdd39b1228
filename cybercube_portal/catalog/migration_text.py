"""What of a migration file is code, read as psql reads it (§9.5 feeds files to psql). Pure.

Comments (nested), texts, dollar quotes, psql's own commands and the rows below COPY … FROM STDIN are told from statements, in one pass and
in place: what is read keeps every offset of the file, so that a finding names the line and column that a person sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Each alternative also ends at the end of the text, so that a hostile file is read once, not once a quote. An E or a $ within a word begins nothing.
_TOKEN = re.compile(
    r"""(?P<line>--[^\n]*)
      | (?P<block>/\*)
      | (?P<text>(?<![\w$])e'(?:[^'\\]|\\.|'')*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z))
      | (?P<name>"(?:[^"]|"")*(?:"|\Z))
      | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w{0,62})?)\$(?P<body>.*?)(?:\$(?P=tag)\$|\Z)
      | (?P<command>\\[^\n]*)
      | (?P<end>;)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_RUNS_NOW = re.compile(r"\bdo\s*(?:language\s+\w+\s*)?\Z", re.IGNORECASE)
_FROM_STDIN = re.compile(r"\A\s*copy\b.*\bfrom\s+(?:p?stdin)\b", re.IGNORECASE | re.DOTALL)
_END_OF_ROWS = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
# §8.4 parts a file by "-- Up" and "-- Down (rollback)"; dbmate, goose and sql-migrate put a word of their own before it.
_MARK = re.compile(r"--+\s*(?:\+?\w+[ :]\s*)?(?P<way>up|down)\s*(?:\([^()]*\))?\s*\Z", re.IGNORECASE)
_SENDS = re.compile(r"\\(?:;|(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b)", re.IGNORECASE)
# As many pieces of code as can stand between DO and its body, with comments between them.
LAST_PIECES = 8
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(slots=True, kw_only=True)
class Text:
    """A file as it was read; every text is as long as the file.

    `plain`: statements alone, the rest blank; a quoted name stays one word that is no keyword. `readable`: for a parser of SQL, without what only
    psql reads. `bodies`: (offset, text) of what DO runs now. `commands`: (offset, text) of psql's commands. `down`: where the way back begins.
    """

    plain: str
    readable: str
    bodies: list[tuple[int, str]] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)
    down: int | None = None


def read_text(sql: str) -> Text:
    """Read a file once, from its beginning to its end."""
    return _Reader(sql).read()


class _Reader:
    """One pass over a file. `statement` is the code since the last end of one."""

    def __init__(self, sql: str) -> None:
        self.sql = f" {sql[1:]}" if sql.startswith(_BYTE_ORDER_MARK) else sql
        self.code: list[str] = []
        self.readable: list[str] = []
        self.statement: list[str] = []
        self.text = Text(plain="", readable="")
        self.is_marked_up = False

    def read(self) -> Text:
        at = 0
        while found := _TOKEN.search(self.sql, at):
            self._keep(self.sql[at : found.start()])
            at = self._token(found)
        self._keep(self.sql[at:])
        self.text.plain, self.text.readable = "".join(self.code), "".join(self.readable)
        return self.text

    def _token(self, found: re.Match[str]) -> int:
        """Take one token; returns where reading goes on."""
        if found["end"]:
            return self._end(found.end())
        if found["command"]:
            return self._command(found)
        if found["block"]:
            end = self._end_of_comment(found.end())
            self._put(_blank(self.sql[found.start() : end]), self.sql[found.start() : end])
            return end
        if found["line"]:
            self._mark(found)
        elif found["name"]:
            self._keep(re.sub(r"[^\w\n]", "_", found[0]), found[0])
            return found.end()
        elif _RUNS_NOW.search("".join(self.statement[-LAST_PIECES:])):
            self.text.bodies.append(_body(found))
        self._put(_blank(found[0]), found[0])
        return found.end()

    def _end(self, at: int) -> int:
        """The end of a statement, and of the rows that follow it: they begin in the next line."""
        reads_rows = _FROM_STDIN.match("".join(self.statement))
        self._put(";")
        self.statement.clear()
        line = self.sql.find("\n", at)
        return self._rows(at, line + 1) if reads_rows and line >= 0 else at

    def _rows(self, at: int, first: int) -> int:
        rows = _END_OF_ROWS.search(self.sql, first)
        end = rows.end() if rows else len(self.sql)
        self._put(_blank(self.sql[at:end]))
        return end

    def _command(self, found: re.Match[str]) -> int:
        r"""One command of psql: \copy is COPY, what sends the statement ends it; the rest is nothing to PostgreSQL."""
        command, end = found[0], found.end()
        if re.match(r"\\copy\b", command, re.IGNORECASE):
            return self._copy(found)
        self.text.commands.append((found.start(), command))
        if _SENDS.match(command):
            self._put(f";{_blank(command[1:])}", f";{_blank(command[1:])}")
            self.statement.clear()
        else:
            self._put(_blank(command))
        return end

    def _copy(self, found: re.Match[str]) -> int:
        r"""\copy ends with its line, whose break becomes the end of the statement; at the end of the file nothing is needed."""
        code, end = f" {found[0][1:]}", found.end()
        self._put(code, _blank(found[0]))
        self.statement.clear()
        if end == len(self.sql):
            return end
        self._put(";", "\n")
        return self._rows(end + 1, end + 1) if _FROM_STDIN.match(code) else end + 1

    def _mark(self, found: re.Match[str]) -> None:
        begins_line = not self.sql[self.sql.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
        mark = _MARK.match(found[0].rstrip()) if begins_line else None
        if mark is None:
            return
        if mark["way"].lower() == "up":
            self.is_marked_up = True
        elif self.is_marked_up and self.text.down is None:
            self.text.down = found.start()

    def _end_of_comment(self, at: int) -> int:
        depth = 1
        for mark in _COMMENT_MARK.finditer(self.sql, at):
            depth += 1 if mark[0] == "/*" else -1
            if depth == 0:
                return mark.end()
        return len(self.sql)

    def _keep(self, code: str, readable: str | None = None) -> None:
        self.statement.append(code)
        self._put(code, readable)

    def _put(self, code: str, readable: str | None = None) -> None:
        self.code.append(code)
        self.readable.append(code if readable is None else readable)


def _body(found: re.Match[str]) -> tuple[int, str]:
    if found["body"] is not None:
        return found.start("body"), found["body"]
    opening = found[0].index("'") + 1
    return found.start() + opening, found[0][opening:].removesuffix("'")


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
