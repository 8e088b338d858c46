"""The channels that playbooks name; which adapter serves one is a setting of the deployment."""

from __future__ import annotations

__all__ = ["CHANNELS"]

CHANNELS = ("console", "dingtalk", "email", "feishu", "push", "sms", "webhook", "wecom", "wecom_group")
