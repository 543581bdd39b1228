"""What is true in every environment. Values an operator may set come from `variables`, everything else is fixed here."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF

from cybercube_portal import logs
from cybercube_portal.settings import forms, variables

BASE_DIR = forms.BASE_DIR
DATA_DIR = variables.DATA_DIR.read()
BASE_URL = variables.BASE_URL.read()
STREAM_URL = variables.STREAM_URL.read()
BUILD_GIT_SHA = variables.BUILD_GIT_SHA.read()
HEALTH_ALLOWED_NETWORKS = variables.HEALTH_ALLOWED_NETWORKS.read()
GATE_TOKEN_LIFETIME = variables.GATE_TOKEN_LIFETIME.read()
GATE_SIGNED_ARTIFACTS = variables.GATE_SIGNED_ARTIFACTS.read()
# A call that waits at the gate holds a thread: half of a web process is kept for everybody else.
GATE_WAITING = max(1, variables.WEB_THREADS.read() // 2)
SIGNING_KEY = variables.SIGNING_KEY.read()
SIGNING_PREVIOUS_KEYS = variables.SIGNING_PREVIOUS_KEYS.read()
OUTBOUND_NETWORKS = variables.OUTBOUND_NETWORKS.read()
OUTBOUND_HOSTS = variables.OUTBOUND_HOSTS.read()

# Deployments
DEPLOYMENT_DEADLINE = variables.DEPLOYMENT_DEADLINE.read()
VERIFICATION_DEADLINE = variables.VERIFICATION_DEADLINE.read()
VERIFICATION_TIMEOUT = variables.VERIFICATION_TIMEOUT.read()
VERIFICATION_SETTLE = variables.VERIFICATION_SETTLE.read()
PROMETHEUS_URL = variables.PROMETHEUS_URL.read()
PROMETHEUS_TOKEN = variables.PROMETHEUS_TOKEN.read()
KUBERNETES_URL = variables.KUBERNETES_URL.read()
KUBERNETES_TOKEN = variables.KUBERNETES_TOKEN.read()
KUBERNETES_CA = variables.KUBERNETES_CA.read()
KUBERNETES_CONFIG = variables.KUBERNETES_CONFIG.read()
KUBERNETES_CONTEXT = variables.KUBERNETES_CONTEXT.read()
WATCH_DURATION = variables.WATCH_DURATION.read()
WATCH_INTERVAL = variables.WATCH_INTERVAL.read()
OBSERVATION_INTERVAL = variables.OBSERVATION_INTERVAL.read()

SECRET_KEY = variables.SECRET_KEY.read()
DEBUG = False
ALLOWED_HOSTS = list(variables.ALLOWED_HOSTS.read())
CSRF_TRUSTED_ORIGINS = [BASE_URL]
ROOT_URLCONF = "cybercube_portal.urls"
WSGI_APPLICATION = "cybercube_portal.wsgi.application"
ASGI_APPLICATION = "cybercube_portal.asgi.application"

INSTALLED_APPS = [
    "cybercube_portal",
    "cybercube_portal.pages",
    "cybercube_portal.record",
    "releases",
    "flags",
    "changes",
    "cybercube_portal.catalog",
    "cybercube_portal.notices",
    "cybercube_portal.people",
    "cybercube_portal.audit",
    "cybercube_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_structlog",
    "axes",
    "csp",
    "lucide",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "cybercube_portal.audit.requests.request_id_middleware",
    "cybercube_portal.metrics.MeasureMiddleware",
    "cybercube_portal.api.handlers.ProblemMiddleware",
    "releases.api.short_way.ShortWayMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cybercube_portal.pages.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cybercube_portal.pages.middleware.PageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last, as axes asks: it turns a locked-out log-in into its refusal.
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cybercube_portal.pages.shell.shell",
            ],
        },
    }
]

# Data. Persistent connections: one per web thread, measured ten times faster than one per request and, unlike a pool, with nothing to
# hand out. Statements are bound on the server and planned for their values (`database/plans.py`); a broken connection is noticed before the request that would meet it.
_database = variables.DATABASE_URL.read()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "cybercube_portal.database",
        "NAME": _database.name,
        "USER": _database.user,
        "PASSWORD": _database.password,
        "HOST": _database.host,
        "PORT": _database.port or "",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "server_side_binding": True,
            "connect_timeout": 5,
            **dict(_database.options),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = variables.REDIS_URL.read()
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        # What the cache holds can be asked of the database: a broker that hangs must not hold up a page.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

# Time, language
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
USE_I18N = True
# What a browser may be answered in. A second one is a folder in `locale/` and a line here; without the list Django's own words would
# follow the browser into languages the portal does not speak.
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]

# People
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "cybercube_portal.people.authentication.PersonBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Five wrong passwords for one name from one address: that pair waits 15 minutes, so that nobody can lock out a colleague from afar.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "cybercube_portal.people.views.sessions.locked_out"
AXES_SENSITIVE_PARAMETERS: list[str] = []

# Reverse proxies the operator vouches for; without them a caller could invent its own address or scheme.
WEB_PROXIES = variables.WEB_PROXIES.read()
AXES_IPWARE_PROXY_COUNT = WEB_PROXIES
AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"] if WEB_PROXIES else ["REMOTE_ADDR"]
if WEB_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Browsers
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "cybercube_portal.api.handlers.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Tabler draws its arrows and ticks as data: pictures inside its style sheet.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Issue A: "a body over 1 MiB" is refused.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Static files: our own, and the front-end packages `./portal` copied into the data folder.
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [DATA_DIR / "assets"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 60 * 60

# REST
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cybercube_portal.catalog.authentication.CiTokenAuthentication",
        "cybercube_portal.people.authentication.ApiKeyAuthentication",
        "cybercube_portal.people.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cybercube_portal.api.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["cybercube_portal.api.CredentialThrottle"],
    "DEFAULT_PAGINATION_CLASS": "cybercube_portal.api.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "cybercube_portal.api.schema.PortalSchema",
    # What an address takes is said by the schema, not by OPTIONS.
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "cybercube_portal.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "NUM_PROXIES": WEB_PROXIES,
    "STRICT_JSON": True,
}
# Requests a second of one credential, by budget (`cybercube_portal.api.throttling`).
RATES = {
    "api": variables.API_RATE.read(),
    "gate": variables.GATE_RATE.read(),
    "ofrep": variables.OFREP_RATE.read(),
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CYBERCUBE portal",
    "DESCRIPTION": "Changes, approvals, freezes and the gate of STD-ENG-006.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "cybercube_portal.api.schema.OnceGenerator",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Enums stay where they are used: names made up for them would change with every new one.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["cybercube_portal.api.schema.document_problems"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Mail
DEFAULT_FROM_EMAIL = variables.MAIL_FROM.read()
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_HOST = variables.MAIL_HOST.read()
EMAIL_PORT = variables.MAIL_PORT.read()
EMAIL_HOST_USER = variables.MAIL_USER.read()
EMAIL_HOST_PASSWORD = variables.MAIL_PASSWORD.read()
EMAIL_USE_TLS = variables.MAIL_STARTTLS.read()
EMAIL_TIMEOUT = 10
EVIDENCE_AT_ONCE = variables.EVIDENCE_AT_ONCE.read()
NOTICE_QUIET_TIME = variables.NOTICE_QUIET_TIME.read()
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# Celery is the doorbell, PostgreSQL the truth: a lost message costs a sweep, never work (reliability.md section 1).
CELERY_BROKER_URL = forms.broker_url(REDIS_URL)
# What talks to the outside has workers of its own; a worker that is not told its queues takes both.
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in ("celery", "outside")}
CELERY_TASK_ROUTES = {"releases.look_at_services": {"queue": "outside"}}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "socket_keepalive": True,
    "socket_connect_timeout": 5,
    "health_check_interval": 30,
    "visibility_timeout": 300,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# Logs. The request's id is ours: a caller cannot choose what our audit trail will say.
LOG_LEVEL = variables.LOG_LEVEL.read()
LOGGING = logs.configure(json=True, level=LOG_LEVEL)
# One line a request, when it is answered.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False
# Nor its address: `audit.requests` binds what the vouched proxies say.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
