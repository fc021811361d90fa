"""The process that opens strangers' PDFs: counts pages and may die of any of them.

Runs as a script, apart from the service: no settings, no secrets, no import but the PDF library, bounded memory and
processor time. Each question on stdin is a length (8 bytes, big endian) and that many bytes; each answer on stdout is
one line of JSON. It ends when stdin does.
"""

import json
import os
import struct
import sys

import pypdfium2

try:
    import resource
except ImportError:  # pragma: no cover  # Windows knows no such limits; the parent's clock still holds
    resource = None  # type: ignore[assignment]


def limit_memory(limit: int) -> None:
    """Let this process use at most `limit` bytes of addresses, and leave no core file with a client's paper in it."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_processor(seconds: int) -> None:
    """Let the next question use `seconds` of processor time; the limit counts from the start of the process."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def count_pages(data: bytes) -> int | None:
    """Give the number of pages, None when the bytes are no PDF that opens without a password."""
    try:
        document = pypdfium2.PdfDocument(data)
    except (pypdfium2.PdfiumError, ValueError, MemoryError):
        return None
    try:
        pages = len(document)
        if pages < 1:
            return None
        document.get_page_size(pages - 1)  # the number is only what the file claims; the last page proves it
    except (pypdfium2.PdfiumError, MemoryError, IndexError):
        return None
    else:
        return int(pages)
    finally:
        document.close()


def main() -> None:
    """Answer questions until stdin ends. Arguments: bytes of memory, seconds of processor time per question."""
    limit_memory(int(sys.argv[1]))
    # Whatever the library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    while len(head := questions.read(8)) == 8:  # noqa: PLR2004  # the length of the length
        allow_processor(int(sys.argv[2]))
        (size,) = struct.unpack(">Q", head)
        data = questions.read(size)
        pages = count_pages(data) if len(data) == size else None
        del data
        answers.write(json.dumps({"pages": pages}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
