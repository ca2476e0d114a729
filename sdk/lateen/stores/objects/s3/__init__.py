"""Blobs in a bucket: any service that speaks S3, by the client ``minio``.

``s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION`` names such a store. Without a
prefix the blobs lie at the bucket's root, without ``endpoint`` the service is Amazon's, and without
``region`` it is ``AWS_REGION``, ``AWS_DEFAULT_REGION`` or us-east-1. Where the endpoint is ``http://``
nothing is encrypted.

Credentials never stand in the URL. They come from ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY`` and ``AWS_SESSION_TOKEN``, from the profile ``AWS_PROFILE`` of
``~/.aws/credentials``, or from the role of a Pod or container that Amazon's services announce in
the environment. They may get, put, delete and list objects and abort multipart uploads, and need
nothing else.

The bucket must exist. It needs no versioning: with it, what is deleted keeps its room. A process
that is killed while it uploads a large blob leaves parts behind that nobody sees; a lifecycle rule
AbortIncompleteMultipartUpload removes them.
"""
