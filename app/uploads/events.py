"""Event types of resumable uploads; the file that one becomes is `file.added`."""

from app.events.vocabulary import EventType

UPLOAD_BEGUN = EventType("upload.begun", "A resumable upload was begun", "开始断点续传")
UPLOAD_CONTINUED = EventType("upload.continued", "Bytes of an upload were kept", "续传内容已保存")
UPLOAD_REJECTED = EventType("upload.rejected", "An upload, or bytes of one, were not kept", "续传内容未保存")
UPLOAD_VIEWED = EventType("upload.viewed", "The state of an upload was read", "查看续传进度")
UPLOAD_FINISHED = EventType("upload.finished", "An upload became a file", "续传完成")
UPLOAD_ENDED = EventType("upload.ended", "An upload was ended without a file", "终止续传")
