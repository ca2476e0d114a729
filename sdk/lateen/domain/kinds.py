"""The kinds of artifacts and of their visualizations, named as in ZenML."""

from __future__ import annotations

from enum import StrEnum


class ArtifactType(StrEnum):
    """What an artifact is for; look-ups by kind compare it."""

    DATA = "data"
    MODEL = "model"
    DATA_ANALYSIS = "data_analysis"
    SERVICE = "service"
    SCHEMA = "schema"
    STATISTICS = "statistics"
    BASE = "base"


class VisualizationType(StrEnum):
    """How a visualization's file is to be shown."""

    HTML = "html"
    IMAGE = "image"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
