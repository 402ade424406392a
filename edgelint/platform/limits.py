"""The numbers of the platform, each with where it comes from. Seen on 2026-11-23.

"docs" is developers.cloudflare.com; "workerd" and "wrangler" are their sources; "run" was tried on the local runtime
(workerd 1.20260426 under miniflare). Sizes are bytes and times seconds unless the name says otherwise.
"""

from __future__ import annotations

from typing import Final

# D1 (docs: d1/platform/limits; workerd: src/workerd/util/sqlite.c++)
D1_MAX_BOUND_PARAMETERS: Final = 100  # docs, workerd, run: "too many SQL variables" at 101
D1_MAX_SQL_LENGTH: Final = 100_000  # docs, run: "statement too long"
D1_MAX_COLUMNS: Final = 100  # docs, run
D1_MAX_FUNCTION_ARGUMENTS_DOCUMENTED: Final = 32  # docs; disagrees with the next line
D1_MAX_FUNCTION_ARGUMENTS: Final = 127  # workerd, run: so over 32 is a warning, over 127 an error
D1_MAX_LIKE_PATTERN: Final = 50  # docs, run: bytes with the wildcards, "LIKE or GLOB pattern too complex"
D1_MAX_COMPOUND_SELECT: Final = 5  # workerd, run; not documented. Rows of VALUES do not count (600 ran)
D1_MAX_EXPRESSION_DEPTH: Final = 100  # workerd, run: 102 ANDs fail; not documented
D1_MAX_TRIGGER_DEPTH: Final = 10  # workerd; not documented
# Run on workerd 1.20261117.1: 96,024 operations ran, 192,042 were "out of memory". SQLite makes room by doubling, from
# a number that build options decide: every limit from 172,032 to 344,063 is the same there, and 204,800 may run here.
# workerd's source of 2026-08-22 says 25,000; not documented.
D1_MAX_VDBE_OPERATIONS: Final = 250_000
D1_MAX_ATTACHED: Final = 0  # workerd; not documented
D1_MAX_VALUE: Final = 2_000_000  # docs: a string, BLOB or row; disagrees with the next line
D1_MAX_VALUE_LOCAL: Final = 8_388_642  # run on workerd 1.20261117.1; its source of 2026-08-22 says 4 MiB
D1_MAX_DATABASE_PAID: Final = 10 * 1024**3  # docs: 10 GB
D1_MAX_DATABASE_FREE: Final = 500 * 1024**2  # docs: 500 MB
D1_MAX_QUERY_SECONDS: Final = 30  # docs
D1_MAX_QUERIES_PAID: Final = 1_000  # docs: per invocation
D1_MAX_QUERIES_FREE: Final = 50  # docs: per invocation
D1_MAX_CONNECTIONS: Final = 6  # docs: per invocation

# KV (docs: kv/platform/limits, kv/api/write-key-value-pairs, kv/api/list-keys)
KV_MIN_TTL: Final = 60  # docs, run: put answers 400 "Expiration TTL must be at least 60"
KV_MAX_KEY: Final = 512  # docs, run: UTF-8 bytes; and a key is not "", "." or ".."
KV_MAX_VALUE: Final = 25 * 1024**2  # docs
KV_MAX_METADATA: Final = 1_024  # docs, run: bytes of its JSON
KV_MAX_WRITES_PER_SECOND_PER_KEY: Final = 1  # docs
KV_WRITE_WINDOW_MS: Final = 1_000  # docs: the second that the line above speaks of
KV_DEFAULT_CACHE_TTL: Final = 60  # docs: kv/api/read-key-value-pairs
KV_MAX_OPERATIONS: Final = 1_000  # docs: per invocation
KV_MIN_CACHE_TTL_DOCUMENTED: Final = 60  # docs; disagrees with the next line
KV_MIN_CACHE_TTL: Final = 30  # run: so under 30 is an error, 30 to 59 worth a note
KV_MAX_LIST: Final = 1_000  # docs, run: keys a page
KV_MAX_BULK_GET: Final = 100  # docs, run: keys a call

# Durable Objects (docs: durable-objects/platform/limits)
DO_KV_MAX_KEY: Final = 2 * 1024  # docs: key-value backend
DO_KV_MAX_VALUE: Final = 128 * 1024  # docs: key-value backend
DO_SQLITE_MAX_PAIR: Final = 2 * 1000**2  # docs: key and value together, SQLite backend
DO_MAX_ATTACHMENT: Final = 16_384  # docs, run: serializeAttachment
DO_MAX_TAGS: Final = 10  # workerd: tags of a WebSocket
DO_MAX_TAG_LENGTH: Final = 256  # workerd: characters
DO_MAX_WEBSOCKETS: Final = 32_768  # docs
DO_MAX_AUTO_RESPONSE: Final = 2_048  # docs: characters of each half
DO_MAX_WEBSOCKET_MESSAGE: Final = 32 * 1024**2  # docs: received
DO_ALARM_RETRIES: Final = 6  # docs
DO_ALARM_BACKOFF_SECONDS: Final = 2  # docs
DO_BLOCK_CONCURRENCY_SECONDS: Final = 30  # docs: then the object is reset
DO_MAX_BLOCK_CONCURRENCY_DEPTH: Final = 64  # workerd (io-context.h): blockConcurrencyWhile inside another
DO_FLUSH_SECONDS: Final = 30  # workerd (worker.c++): a write that takes longer resets the object
DO_ALARM_SECONDS: Final = 15 * 60  # docs: an alarm handler
DO_ALARM_JITTER: Final = 0.25  # workerd (alarm-scheduler.h): of the delay, at most
DO_ALARM_MAX_BACKOFF: Final = 9  # workerd (alarm-scheduler.h): the exponent
DO_MAX_KEYS: Final = 128  # docs, workerd (actor-storage.capnp): keys of one call, key-value backend
DO_KV_VALUE_SLACK: Final = 34  # workerd (actor-storage.h): bytes of the encoding that are let through above the limit
DO_MAX_EVENT_TIMEOUT_MS: Final = 604_800_000  # workerd (actor-state.c++): setHibernatableWebSocketEventTimeout
WEBSOCKET_MAX_CLOSE_REASON: Final = 123  # workerd (web-socket.c++): UTF-8 bytes
DO_SOFT_REQUESTS_PER_SECOND: Final = 1_000  # docs: 500 to 1,000 requests a second for one object

# Queues (docs: queues/platform/limits, queues/configuration/batching-retries)
QUEUE_MAX_MESSAGE: Final = 128_000  # docs: 1000-based, with about 100 bytes of metadata
QUEUE_MAX_BATCH_MESSAGES: Final = 100  # docs: sendBatch and max_batch_size
QUEUE_MAX_BATCH: Final = 256_000  # docs: sendBatch
QUEUE_MAX_BATCH_TIMEOUT: Final = 60  # docs
QUEUE_MAX_RETRIES: Final = 100  # docs; 3 when not set
QUEUE_DEFAULT_RETRIES: Final = 3  # docs
QUEUE_MAX_DELAY: Final = 12 * 3600  # docs: batching-retries; disagrees with the next line
QUEUE_MAX_DELAY_ACCEPTED: Final = 24 * 3600  # docs: reference/error-codes 10203, platform/limits; wrangler: miniflare
QUEUE_DEFAULT_BATCH_SIZE: Final = 10  # docs; the local simulator's is 5
QUEUE_DEFAULT_BATCH_TIMEOUT: Final = 5  # docs; the local simulator's is 1
QUEUE_MAX_CONCURRENCY: Final = 250  # docs: queues/platform/limits, invocations of one consumer at a time
QUEUE_RETENTION: Final = 4 * 24 * 3600  # docs: queues/configuration/dead-letter-queues; the default of every queue
QUEUE_OPERATION: Final = 64_000  # docs: queues/platform/pricing, bytes of a message that count as one operation
QUEUE_ERROR_DELAY_OF_BATCH: Final = 10202  # docs: queues/reference/error-codes, and the next three
QUEUE_ERROR_METADATA: Final = 10203
QUEUE_ERROR_MESSAGE_SIZE: Final = 10204
QUEUE_ERROR_BATCH_SIZE: Final = 10205
QUEUE_ERROR_BATCH_COUNT: Final = 10206

# Workflows (docs: workflows/reference/limits, workflows/build/sleeping-and-retrying; wrangler:
# packages/workflows-shared)
WORKFLOW_MAX_INSTANCE_ID: Final = 100  # docs: characters; wrangler: ^[a-zA-Z0-9_][a-zA-Z0-9-_]*$
WORKFLOW_MAX_STEP_NAME: Final = 256  # docs, wrangler: characters, none of them a control character
WORKFLOW_MAX_STEPS: Final = 10_000  # docs: paid, by default; limits.steps in the config raises it
WORKFLOW_MAX_STEPS_CONFIGURABLE: Final = 25_000  # docs: the most that limits.steps takes
WORKFLOW_MAX_STEP_RESULT: Final = 2**20  # docs: what a step returns, when it is no stream
WORKFLOW_MAX_PAYLOAD: Final = 2**20  # docs: parameters, and the payload of an event
WORKFLOW_MAX_BATCH: Final = 100  # docs: createBatch, deleteBatch
WORKFLOW_MAX_SLEEP: Final = 365 * 24 * 3600  # docs: step.sleep
WORKFLOW_MIN_EVENT_TIMEOUT: Final = 1  # docs: build/events-and-parameters, waitForEvent
WORKFLOW_MAX_EVENT_TIMEOUT: Final = 365 * 24 * 3600  # docs: build/events-and-parameters, waitForEvent
WORKFLOW_MAX_EVENT_TYPE: Final = 100  # docs: build/events-and-parameters, characters
WORKFLOW_RETRIES: Final = 5  # docs: attempts after the first, when the step says nothing
WORKFLOW_RETRY_DELAY_MS: Final = 10_000  # docs; the local engine's is 1,000
WORKFLOW_STEP_TIMEOUT_MS: Final = 10 * 60 * 1000  # docs
WORKFLOW_EVENT_TIMEOUT: Final = "24 hours"  # docs
WORKFLOW_DELAY_FUNCTION_MS: Final = 5_000  # docs: changelog 2026-07-09; wrangler: how long a delay function may take
WORKFLOW_RETENTION: Final = 7 * 24 * 3600  # docs: paid, how long a finished instance is kept by default
WORKFLOW_MAX_RETENTION: Final = 30 * 24 * 3600  # docs: paid, the most that create() may ask for

# Email (docs: email-routing/limits, email-routing/email-workers)
EMAIL_MAX_MESSAGE: Final = 25 * 1024**2  # docs: 25 MiB
EMAIL_MAX_REFERENCES: Final = 100  # docs: reply-email-workers; entries of References from which no reply is possible

# R2 (docs: r2/platform/limits)
R2_MAX_KEY: Final = 1_024  # docs
R2_MAX_METADATA: Final = 8_192  # docs
R2_MAX_OBJECT: Final = 5 * 1024**4  # docs: about 5 TiB
R2_MAX_SINGLE_PUT: Final = 5 * 1024**3  # docs: about 5 GiB, a part too
R2_MAX_PARTS: Final = 10_000  # docs
R2_MIN_PART: Final = 5 * 1024**2  # docs: 5 MiB, the last part excepted
R2_MAX_LIST: Final = 1_000  # docs: keys in one page, and as many when the app asks for no number
R2_MAX_LIST_WITH_METADATA: Final = 100  # miniflare; docs say only that it may be fewer
R2_MAX_DELETE: Final = 1_000  # docs: keys in one call (r2/api/workers/workers-api-reference)
R2_UPLOAD_DAYS: Final = 7  # docs: an upload that is not completed is aborted after that
R2_MAX_WRITES_PER_SECOND_PER_KEY: Final = 1  # docs: more is 10058

# Workers (docs: workers/platform/limits)
WORKER_MEMORY: Final = 128 * 1024**2  # docs
WORKER_MAX_SUBREQUESTS_PAID: Final = 10_000  # docs; older copies say 1,000
WORKER_MAX_SUBREQUESTS_FREE: Final = 50  # docs
WORKER_MAX_CONNECTIONS: Final = 6  # docs: waiting for headers at the same time
WORKER_CPU_MS_FREE: Final = 10  # docs
WORKER_CPU_MS_DEFAULT: Final = 30_000  # docs: paid
WORKER_CPU_MS_MAX: Final = 300_000  # docs: limits.cpu_ms
WORKER_STARTUP_MS: Final = 1_000  # docs
WORKER_MAX_VARS_PAID: Final = 128  # docs: 64 on the free plan
WORKER_MAX_VARS_FREE: Final = 64  # docs
WORKER_MAX_VAR: Final = 5 * 1024  # docs: one variable or secret
WORKER_WAIT_UNTIL_SECONDS: Final = 30  # docs: after the response
WORKER_MAX_HOPS: Final = 16  # docs: a worker calling itself or others
WORKER_NAME_MAX: Final = 63  # docs: a label of workers.dev

# Analytics Engine (docs: analytics/analytics-engine/limits; workerd: analytics-engine-impl.h)
ANALYTICS_MAX_INDEXES: Final = 1  # docs, workerd
ANALYTICS_MAX_INDEX: Final = 96  # docs, workerd: bytes
ANALYTICS_MAX_BLOBS: Final = 20  # docs, workerd
ANALYTICS_MAX_BLOB_BYTES: Final = 16_000  # workerd: bytes of all blobs together; docs say 16 KB
ANALYTICS_MAX_DOUBLES: Final = 20  # docs, workerd
ANALYTICS_MAX_POINTS: Final = 250  # docs: per invocation

# Vectorize (docs: vectorize/platform/limits, vectorize/reference/metadata-filtering)
VECTORIZE_MAX_DIMENSIONS: Final = 1_536  # docs
VECTORIZE_MAX_ID: Final = 64  # docs: bytes
VECTORIZE_MAX_NAMESPACE: Final = 64  # docs: bytes
VECTORIZE_MAX_METADATA: Final = 10 * 1024  # docs: bytes of one vector's
VECTORIZE_MAX_TOP_K: Final = 100  # docs
VECTORIZE_MAX_TOP_K_WITH_DATA: Final = 20  # docs: with values or all metadata
VECTORIZE_DEFAULT_TOP_K: Final = 5  # docs: vectorize/best-practices/query-vectors
VECTORIZE_MAX_BATCH: Final = 1_000  # docs: vectors of one insert or upsert from a worker
VECTORIZE_MAX_FILTER: Final = 2_048  # docs: bytes of its JSON
VECTORIZE_MAX_FILTER_KEY: Final = 512  # docs: characters
VECTORIZE_MAX_INDEXED_TEXT: Final = 64  # docs: bytes of a text that a metadata index holds
VECTORIZE_MAX_METADATA_INDEXES: Final = 10  # docs

# Static assets (docs: workers/static-assets/headers, /redirects; wrangler: packages/workers-shared)
ASSETS_MAX_HEADER_RULES: Final = 100  # docs, wrangler
ASSETS_MAX_STATIC_REDIRECTS: Final = 2_000  # docs, wrangler
ASSETS_MAX_DYNAMIC_REDIRECTS: Final = 100  # docs, wrangler
ASSETS_MAX_RULE_LINE: Final = 2_000  # docs say 1,000 for _redirects; wrangler: characters of a line

# Cache (docs: workers/runtime-apis/cache, cache/how-to/configure-cache-status-code; workerd: cache.c++)
CACHE_MAX_NAME: Final = 1_023  # workerd: bytes of its UTF-8, "Cache name is too long."
CACHE_DEFAULT_TTL: Final = {200: 7_200, 206: 7_200, 301: 7_200, 302: 1_200, 303: 1_200, 404: 180, 410: 180}  # docs

# Others
RATE_LIMIT_PERIODS: Final = (10, 60)  # docs: workers/runtime-apis/bindings/rate-limit; wrangler refuses others
PBKDF2_MAX_ITERATIONS: Final = 100_000  # production only: https://github.com/cloudflare/workerd/issues/1346
COMPATIBILITY_DATE_SLACK_DAYS: Final = 7  # workerd: how far past its own build a date may lie

# Cron (docs: workers/configuration/cron-triggers): five fields, UTC, weekdays 1 to 7 with 1 = Sunday
CRON_FIELDS: Final = (
    ("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 1, 7),
)  # fmt: skip
CRON_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
CRON_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

# Compatibility dates from which the platform behaves otherwise (workerd: compatibility-date.capnp)
DATE_NODEJS_COMPAT_DEFAULT: Final = "2026-08-04"
DATE_NODEJS_COMPAT_V2: Final = "2024-09-23"  # implied by nodejs_compat
DATE_PROCESS_ENV: Final = "2025-04-01"  # process.env is filled, with nodejs_compat
DATE_RPC: Final = "2024-04-03"
DATE_DELETE_ALL_DELETES_ALARM: Final = "2026-02-24"
DATE_WEBSOCKET_AUTO_CLOSE: Final = "2026-04-07"
DATE_WEBSOCKET_BINARY_TYPE: Final = "2026-03-17"  # a binary message comes as a Blob
DATE_NO_GLOBAL_IMPORT_SCRIPTS: Final = "2024-03-04"
DATE_EVAL_AT_STARTUP: Final = "2025-06-01"
DATE_STRIP_AUTHORIZATION_ON_REDIRECT: Final = "2025-09-01"
DATE_ASSETS_NAVIGATION: Final = "2025-04-01"
DATE_QUEUES_JSON: Final = "2024-03-18"
