"""The result folder of `chest_ct`: report.json, report.html, overlays and label maps."""

from serving.pipelines.report.writer import ChestCtReportWriter

__all__ = ["ChestCtReportWriter"]
