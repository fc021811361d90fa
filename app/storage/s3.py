"""The object store over the S3 protocol (MinIO, the embedded server, any other).

The minio library signs and administers (`s3_admin.py`); the bytes travel asynchronously at the addresses it signed.
What the store took is compared with what was sent: by the store where it can (`checksums.py`), else by its ETag.
Signed addresses never leave this process. No request is repeated once bytes were sent.

Where the bucket keeps versions, removing an object removes all its versions by their ids. A plain DELETE would only
mark it as deleted, and the bytes of a refused upload would stay for ever.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import islice
from xml.sax.saxutils import escape

import structlog
import urllib3

from app.core.errors import AppError
from app.storage import checksums
from app.storage.body import CheckedBody, Part, Whole, buffered_parts, in_memory, streamed_parts
from app.storage.errors import ObjectCorrupt, ObjectLocked, ObjectMissing
from app.storage.locks import Capabilities, LockState, Upload, check_moment
from app.storage.protocol import StoredObject, check_key, check_range
from app.storage.s3_admin import Bucket, in_thread, make_client
from app.storage.s3_answers import accepted, expected_length, refused, text
from app.storage.s3_options import S3Options
from app.storage.wire import Answer, Wire, read_chunks, refusal

PAGE = 1000
SIGNED_FOR = timedelta(hours=1)
CLEANUP_WAIT = 5.0
HTTP_PARTIAL, HTTP_NOT_FOUND, HTTP_RANGE = 206, 404, 416
# No object has this key; asking for it proves address, signature and bucket without leaving a trace.
PROBE_KEY = "probe/nothing"

log = structlog.get_logger(__name__)


class S3Store:
    """An `ObjectStore` in one bucket of an S3 server."""

    def __init__(self, options: S3Options) -> None:
        self._options, self._bucket = options, options.bucket
        waits = urllib3.Timeout(connect=options.connect_seconds, read=options.idle_seconds)
        self._minio, self._pool = make_client(
            options.endpoint, options.access_key, options.secret_key, options.region, waits
        )
        self._admin = Bucket(self._minio, options.bucket, options.lock_mode)
        self._wire = Wire(
            connect_seconds=options.connect_seconds,
            idle_seconds=options.idle_seconds,
            connections=options.connections,
        )
        self._cleanups: set[asyncio.Task[object]] = set()
        self._replaced: dict[str, str] = {}
        self._locks: bool | None = None
        self._sums: bool | None = None

    async def put(self, key: str, chunks: AsyncIterator[bytes], size: int | None) -> StoredObject:
        """Store the chunks: one request up to 5 GiB of known size or one part of unknown size, else in parts."""
        check_key(key)
        body = CheckedBody(chunks, size)
        if size == 0:
            await body.confirm_end()
        if size is not None and size <= self._options.single_bytes:
            summed = size >= checksums.WORTH_A_TRAILER and await self._compares_sums()
            part = Part(body, size, checksums.Crc32()) if summed else Part(body, size)
            return await self._put_single(key, part, summed=summed)
        if size is not None:
            return await self._put_parts(key, streamed_parts(body, size, self._options.part_bytes))
        first = await body.take(self._options.part_bytes)
        if len(first) < self._options.part_bytes:
            return await self._put_single(key, in_memory(first))
        return await self._put_parts(key, buffered_parts(body, first))

    async def write(self, key: str, content: bytes) -> None:
        """Write a small object, also over one that is there; see `Shelf.write`."""
        await self._write(key, content)

    async def _write(self, key: str, content: bytes) -> str | None:
        """Write a small object and give the id of its version, None where the store keeps none."""
        part = in_memory(content)
        answer = await self._wire.send("PUT", self._sign("PUT", check_key(key)), part, part.length)
        accepted(answer, await part.digest())
        return answer.headers.get("x-amz-version-id")

    async def replace(self, key: str, content: bytes) -> None:
        """Write a small object and remove what it replaces; see `Shelf.replace`."""
        version = await self._write(key, content)
        if version is not None:
            await _quietly(self._drop_older(key, version))

    async def _drop_older(self, key: str, version: str) -> None:
        # Which came before is known from the last time; the first time, and after a failure, the store is asked.
        older = self._replaced.pop(key, None)
        versions = await in_thread(lambda: self._admin.versions(key)) if older is None else [older]
        for one in versions or ():
            if one != version:
                answer = await self._wire.send("DELETE", self._sign("DELETE", key, {"versionId": one}))
                if not answer.ok:
                    raise answer.error()
        self._replaced[key] = version

    async def keep(self, key: str, content: bytes) -> None:
        """Write a small object that is to stay; see `Shelf.keep`."""
        check_key(key)
        if self._locks is None:
            self._locks = (await self.capabilities()).locks
        if self._locks:
            await in_thread(lambda: self._admin.put_held(key, content))
        else:
            await self._write(key, content)

    async def _put_single(self, key: str, part: Part, *, summed: bool = False) -> StoredObject:
        try:
            if summed:
                answer = await self._send_framed(key, checksums.Framed(part))
                etag, md5 = accepted(answer, crc32=await part.digest()), None
                proven = checksums.TRAILER in answer.headers
            else:
                answer = await self._wire.send("PUT", self._sign("PUT", key), part, part.length)
                etag = accepted(answer, md5 := await part.digest())
                proven = etag == md5
            if not proven:
                await self._check_size(key, part.length)
        except BaseException:
            # Before its last byte the store can't have made an object of it; after, only deleting makes sure.
            if part.passed_on:
                await self._clean_up(self.delete(key))
            raise
        return StoredObject(key, part.length, etag, md5)

    async def _send_framed(self, key: str, framed: checksums.Framed) -> Answer:
        url, headers = self._admin.signed("PUT", key, framed.headers)
        return await self._wire.send("PUT", url, framed, framed.length, headers)

    async def _compares_sums(self) -> bool:
        """Tell whether the store compares sums that follow the bytes; asked at the first upload that is worth it."""
        if self._sums is None:
            answer = await self._send_framed(checksums.PROBE_KEY, checksums.wrong())
            self._sums = checksums.compares(answer)
            if answer.ok:
                await _quietly(self.delete(checksums.PROBE_KEY))
        return self._sums

    async def _put_parts(self, key: str, parts: AsyncGenerator[Part, None]) -> StoredObject:
        upload = await self._begin_upload(key)
        completing = False
        try:
            tags: list[str] = []
            total = 0
            async with aclosing(parts):
                async for part in parts:
                    query = {"partNumber": str(len(tags) + 1), "uploadId": upload}
                    answer = await self._wire.send("PUT", self._sign("PUT", key, query), part, part.length)
                    tags.append(accepted(answer, await part.digest()))
                    total += part.length
            completing = True
            etag = await self._complete_upload(key, upload, tags)
            await self._check_size(key, total)
        except BaseException:
            await self._clean_up(self._undo_upload(key, upload, completing))
            raise
        return StoredObject(key, total, etag)

    async def _begin_upload(self, key: str) -> str:
        async def begin() -> str:
            answer = await self._wire.send("POST", self._sign("POST", key, {"uploads": ""}))
            if not answer.ok:
                raise answer.error()
            return text(answer.body, "UploadId")

        async def undo() -> None:
            await self._undo_upload(key, await started, completing=False)

        # Cancelled between the store's deed and its answer, the upload would stay without anyone knowing its id.
        started = asyncio.ensure_future(begin())
        try:
            return await asyncio.shield(started)
        except asyncio.CancelledError:
            await self._clean_up(undo())
            raise

    async def _complete_upload(self, key: str, upload: str, tags: Sequence[str]) -> str:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{escape(tag)}&quot;</ETag></Part>"
            for number, tag in enumerate(tags, 1)
        )
        part = in_memory(f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode())
        answer = await self._wire.send("POST", self._sign("POST", key, {"uploadId": upload}), part, part.length)
        if not answer.ok:
            raise refused(answer)
        return text(answer.body, "ETag").strip('"')

    async def _undo_upload(self, key: str, upload: str, completing: bool) -> None:
        await self._wire.send("DELETE", self._sign("DELETE", key, {"uploadId": upload}))
        if completing:
            await self.delete(key)

    async def _check_size(self, key: str, size: int) -> None:
        found = await self.stat(key)
        if found is None or found.size != size:
            raise ObjectCorrupt("The store holds another number of bytes than were sent.")

    async def _clean_up(self, deed: Coroutine[object, object, object]) -> None:
        """Undo what was begun, even when the caller is being cancelled; the sweep of orphans does what this can't."""
        task = asyncio.ensure_future(_quietly(deed))
        self._cleanups.add(task)
        task.add_done_callback(self._cleanups.discard)
        await asyncio.wait({task}, timeout=CLEANUP_WAIT)

    @asynccontextmanager
    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read a range; see `ObjectStore.get`."""
        check_key(key)
        check_range(start, end)
        if end == start:
            if await self.stat(key) is None:
                raise ObjectMissing
            yield Whole(b"")
            return
        whole = start == 0 and end is None
        headers = {} if whole else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        async with self._wire.fetch(self._sign("GET", key), headers) as response:
            if response.status == HTTP_RANGE:
                yield Whole(b"")
                return
            if response.status not in {200, HTTP_PARTIAL}:
                raise (await refusal(response)).error()
            length = expected_length(response.headers, start, end)
            async with aclosing(read_chunks(response, length)) as chunks:
                yield chunks

    async def stat(self, key: str) -> StoredObject | None:
        """Tell what the store knows of the object, None when it has none."""
        answer = await self._wire.send("HEAD", self._sign("HEAD", check_key(key)))
        if answer.status == HTTP_NOT_FOUND:
            await self.probe()  # an answer without body doesn't tell a missing object from a missing bucket
            return None
        if not answer.ok:
            raise answer.error()
        modified = answer.headers.get("last-modified")
        return StoredObject(
            key,
            int(answer.headers["content-length"]),
            answer.headers.get("etag", "").strip('"') or None,
            modified=parsedate_to_datetime(modified) if modified else None,
        )

    async def delete(self, key: str) -> None:
        """Remove the object with all its versions, if there is one."""
        check_key(key)
        versions = await in_thread(lambda: self._admin.versions(key))
        for version in [None] if versions is None else versions:
            # Twice, for a lock can end between the store's refusal and the question whether there is one.
            if await self._kept(key, version) and (reason := await self._kept(key, version)):
                raise reason

    async def _kept(self, key: str, version: str | None) -> AppError | None:
        """Remove one version, or say why the store keeps it; raise `ObjectLocked` if that is a lock."""
        query = {} if version is None else {"versionId": version}
        answer = await self._wire.send("DELETE", self._sign("DELETE", key, query))
        if answer.ok or isinstance(error := answer.error(), ObjectMissing):
            return None
        # Stores refuse what is locked in the same words as a missing right.
        if version is not None and await in_thread(partial(self._admin.is_locked, key, version)):
            raise ObjectLocked
        return error

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Go through the objects under `prefix`, 1000 at a time."""
        found = self._admin.objects(prefix)
        while page := await in_thread(lambda: list(islice(found, PAGE))):
            for item in page:
                yield StoredObject(
                    item.object_name or "",
                    item.size or 0,
                    (item.etag or "").strip('"') or None,
                    None,
                    item.last_modified,
                )

    async def capabilities(self) -> Capabilities:
        """Ask the bucket what it can do."""
        return await in_thread(self._admin.capabilities)

    async def hold(self, key: str, *, on: bool) -> None:
        """Put the object under a legal hold, or release it."""
        check_key(key)
        await in_thread(lambda: self._admin.hold(key, on))

    async def retain(self, key: str, until: datetime) -> None:
        """Lock the object until a moment in the future."""
        check_key(key)
        check_moment(until)
        await in_thread(lambda: self._admin.retain(key, until))

    async def lock_state(self, key: str) -> LockState:
        """Read back how the object is locked."""
        check_key(key)
        return await in_thread(lambda: self._admin.state(key))

    async def uploads(self, prefix: str) -> AsyncIterator[Upload]:
        """Go through open uploads in parts."""
        for upload in await in_thread(self._admin.uploads):
            if upload.key.startswith(prefix):
                yield upload

    async def give_up(self, upload: Upload) -> None:
        """Remove the parts of an upload."""
        answer = await self._wire.send("DELETE", self._sign("DELETE", upload.key, {"uploadId": upload.id}))
        if not answer.ok and answer.status != HTTP_NOT_FOUND:
            raise answer.error()

    async def probe(self) -> None:
        """Ask for an object that isn't there: only a working store with our bucket says so."""
        async with self._wire.fetch(self._sign("GET", PROBE_KEY), {}) as response:
            error = (await refusal(response)).error()
        if not isinstance(error, ObjectMissing):
            raise error

    async def ensure_bucket(self) -> None:
        """Make the bucket unless it is there."""
        await in_thread(self._admin.make)

    async def aclose(self) -> None:
        """Let the clean-up of broken uploads end, then close all connections."""
        if self._cleanups:
            # Nobody waits for an answer here, so a slow store may take all the time that it is allowed.
            await asyncio.wait(set(self._cleanups), timeout=self._options.connect_seconds + self._options.idle_seconds)
        await self._wire.aclose()
        self._pool.clear()

    def _sign(self, method: str, key: str, query: dict[str, str] | None = None) -> str:
        return self._minio.get_presigned_url(
            method, self._bucket, key, expires=SIGNED_FOR, extra_query_params=dict(query or {})
        )


async def _quietly(deed: Coroutine[object, object, object]) -> None:
    try:
        await deed
    except AppError as error:
        log.warning("store_cleanup_failed", reason=str(error))
