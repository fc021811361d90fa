"""What is asked of the bucket beside bytes: the bucket itself, lists, versions, locks, uploads left open.

It goes through the minio library, which blocks, so each question has a thread of its own.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from typing import TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import InvalidResponseError, MinioException, S3Error
from minio.retention import Retention
from minio.signer import sign_v4_s3
from minio.time import to_amz_date

from app.core.clock import now
from app.storage.errors import LocksMissing, ObjectLocked, ObjectMissing, StoreUnavailable
from app.storage.locks import Capabilities, LockMode, LockState, Upload

T = TypeVar("T")
_THERE_ALREADY = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
# How stores say that they don't know the request.
_UNKNOWN = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest", "MalformedXML"})
_NO_LOCKS = "ObjectLockConfigurationNotFoundError"
# The last: the newest version is the mark of a deletion, and a mark has no lock.
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
_MOST_UPLOADS = 1000


def make_client(
    endpoint: str, access_key: str, secret_key: str, region: str, waits: urllib3.Timeout
) -> tuple[Minio, urllib3.PoolManager]:
    """Make the library's client and its pool; the library's own would wait five minutes and try six times."""
    address = urlsplit(endpoint)
    secure = address.scheme == "https"
    if secure:
        pool = urllib3.PoolManager(timeout=waits, retries=False, maxsize=4, ssl_context=ssl.create_default_context())
    else:
        pool = urllib3.PoolManager(timeout=waits, retries=False, maxsize=4)
    client = Minio(
        address.netloc, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=pool
    )
    return client, pool


async def in_thread(call: Callable[[], T]) -> T:
    """Do something with the library; raise `StoreUnavailable` for whatever goes wrong with the store."""
    try:
        return await asyncio.to_thread(call)
    except S3Error as error:
        raise StoreUnavailable(f"the store answered {error.code}") from None
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ET.ParseError, ValueError) as error:
        raise StoreUnavailable(type(error).__name__) from None


class Bucket:
    """One bucket. Every method blocks; call it by `in_thread`.

    Parameters: `mode` of the retention that is set: governance can be lifted by a key of the store that has that
    right, compliance by nobody. This service never asks for the right.
    """

    def __init__(self, client: Minio, name: str, mode: LockMode) -> None:
        self._client, self._name, self._mode = client, name, mode.upper()

    def make(self) -> None:
        """Make the bucket unless it is there: with Object Lock where the store has it, for it can't be added later."""
        if self._client.bucket_exists(self._name):
            return
        try:
            self._client.make_bucket(self._name, object_lock=True)
        except S3Error as error:
            if error.code in _THERE_ALREADY:
                return
            if error.code not in _UNKNOWN:
                raise
            self._make_without_locks()

    def _make_without_locks(self) -> None:
        try:
            self._client.make_bucket(self._name)
        except S3Error as error:
            if error.code not in _THERE_ALREADY:
                raise

    def signed(self, method: str, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Sign a request with its headers; give its address and all headers to send. Does not block."""
        client, moment = self._client, now()
        region, credentials = client._get_region(self._name), client._provider.retrieve()  # type: ignore[union-attr]  # noqa: SLF001
        url = client._base_url.build(method=method, region=region, bucket_name=self._name, object_name=key)  # noqa: SLF001
        # The library signs such requests for itself only: it has no public name for it.
        said = sign_v4_s3(
            method=method, url=url, region=region, credentials=credentials, date=moment,
            headers={**headers, "Host": url.netloc, "x-amz-date": to_amz_date(moment)},
            content_sha256=headers["x-amz-content-sha256"],
        )  # fmt: skip
        return url.geturl(), {name: str(value) for name, value in said.items() if name != "Host"}

    def objects(self, prefix: str) -> Iterator[Object]:
        """Go through the newest versions of all objects under `prefix`; asks the store page by page."""
        found: Iterator[Object] = self._client.list_objects(self._name, prefix=prefix, recursive=True)
        return found

    def capabilities(self) -> Capabilities:
        """See `Locking.capabilities`."""
        versioning = self._versioning()
        # Asked in this order because a store that knows neither may answer the second with something else entirely.
        return Capabilities(versions=versioning is not None, locks=versioning == "Enabled" and self._lock_is_on())

    def _versioning(self) -> str | None:
        try:
            status: str | None = self._client.get_bucket_versioning(self._name).status
        except S3Error as error:
            if error.code == "NotImplemented":
                return None
            raise
        return status if status in {"Enabled", "Suspended"} else None

    def _lock_is_on(self) -> bool:
        try:
            self._client.get_object_lock_config(self._name)
        except S3Error as error:
            if error.code in {_NO_LOCKS, "NotImplemented"}:
                return False
            raise
        return True

    def versions(self, key: str) -> list[str] | None:
        """Give the ids of all versions of exactly this key, marks of deletion too; None where there are none kept."""
        if self._versioning() is None:
            return None
        found = self._client.list_objects(self._name, prefix=key, recursive=True, include_version=True)
        # Longer keys that begin with it stand among them: the library gives the marks after all that is marked.
        return [item.version_id or "null" for item in found if item.object_name == key]

    def put_held(self, key: str, content: bytes) -> None:
        """Write a small object under a legal hold, in one request."""
        self._client.put_object(self._name, key, BytesIO(content), len(content), legal_hold=True)

    def hold(self, key: str, on: bool) -> None:
        """See `Locking.hold`."""
        act = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
        self._lock(lambda: act(self._name, key), key)

    def retain(self, key: str, until: datetime) -> None:
        """See `Locking.retain`."""
        retention = Retention(self._mode, until)
        self._lock(lambda: self._client.set_object_retention(self._name, key, retention), key, until)

    def _lock(self, act: Callable[[], None], key: str, until: datetime | None = None) -> None:
        if not self.capabilities().locks:
            raise LocksMissing
        try:
            act()
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing from None
            # Stores refuse an earlier moment in the same words as a missing right, or in others.
            retained = self.state(key).retained_until if until else None
            if until and retained and retained > until:
                raise ObjectLocked from None
            if error.code == "AccessDenied":
                raise LocksMissing("The store's key may not lock files", "存储密钥无权锁定文件") from None
            raise

    def state(self, key: str, version: str | None = None) -> LockState:
        """See `Locking.lock_state`; of the newest version or the one named."""
        if not self.capabilities().locks:
            self._require(key)
            return LockState()
        try:
            held = self._client.is_object_legal_hold_enabled(self._name, key, version)
            retention = self._client.get_object_retention(self._name, key, version)
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing from None
            raise
        return LockState(held, retention.retain_until_date if retention else None)

    def is_locked(self, key: str, version: str) -> bool:
        """Tell whether a version is locked now."""
        try:
            return self.state(key, version).locked_at(now())
        except ObjectMissing:
            return False

    def _require(self, key: str) -> None:
        try:
            self._client.stat_object(self._name, key)
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing from None
            raise

    def uploads(self) -> list[Upload]:
        """Give up to 1000 uploads in parts that are open.

        Without a prefix: asked for one, MinIO and the embedded server tell of nothing but that very key. MinIO tells
        of those that the asked node began since its start, and removes all by itself after a day.
        """
        try:
            # The library has no public name for it.
            found = self._client._list_multipart_uploads(self._name, max_uploads=_MOST_UPLOADS)  # noqa: SLF001
        except InvalidResponseError:
            return []  # the embedded server answers 404 while there is none
        except S3Error as error:
            if error.code in {"NoSuchUpload", "NotImplemented"}:
                return []
            raise
        return [
            Upload(one.object_name, one.upload_id, one.initiated_time)
            for one in found.uploads
            if one.upload_id and one.initiated_time
        ]
