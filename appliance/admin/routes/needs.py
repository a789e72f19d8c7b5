"""Permissions of routes that need not know their caller."""

from __future__ import annotations

from fastapi import Depends

from appliance.admin.access import require
from serving.domain.access import Permission

READ = [Depends(require(Permission.READ))]
JOBS = [Depends(require(Permission.JOBS))]
ADMIN = [Depends(require(Permission.ADMIN))]
