"""A spooled study read into one volume: headers first, then the pixels of the chosen series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serving.dicom import refusals
from serving.dicom.decoder_pool import DecoderPool
from serving.dicom.geometry import Arrangement, arrange
from serving.dicom.instance import Instance, read_instance
from serving.dicom.selection import Selection, select
from serving.dicom.series import sort_out
from serving.dicom.settings import DicomSettings
from serving.dicom.source import open_source
from serving.dicom.subject import read_subject
from serving.dicom.value_notices import value_notices
from serving.dicom.voxels import VoxelReader
from serving.domain.slices import Progress
from serving.domain.study import LoadedStudy, Subject
from serving.domain.volume import Volume

_HEADER_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class _Headers:
    by_path: dict[Path, Instance]
    subjects: dict[Path, Subject]

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(self.by_path.values())


class StudyReader:
    """Reads the study in a folder of DICOM files, whatever they are named; thread-safe.

    Decoder processes start with the first compressed study and stay for as long as the reader.
    """

    def __init__(self, settings: DicomSettings | None = None) -> None:
        self._settings = settings or DicomSettings()
        self._decoders = DecoderPool(self._settings)

    def read(self, instances_dir: Path, progress: Progress) -> LoadedStudy:
        """The volume of the best axial chest series, int16 HU, ordered by position.

        `progress` is told the share done. Raises UnsupportedImage: a file that is not DICOM or
        cut short, no CT series, positions or rescale missing, pixels that cannot be decoded.
        """
        headers = self._read_headers(instances_dir, progress)
        selection = select(*sort_out(headers.instances))
        arrangement = arrange(selection.stack.frames)
        voxels = VoxelReader(self._settings, headers.by_path, self._decoders.decode)
        inverted = voxels.looks_inverted(arrangement.frames)

        def pixels_done(share: float, stage: str) -> None:
            progress(_HEADER_SHARE + (1 - _HEADER_SHARE) * share, stage)

        hu = voxels.read(arrangement.frames, pixels_done, inverted=inverted)
        volume = Volume(hu, arrangement.geometry)
        return _loaded(volume, headers, selection, arrangement, inverted=inverted)

    def _read_headers(self, folder: Path, progress: Progress) -> _Headers:
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
        limit = self._settings.max_instances
        if len(paths) > limit:
            raise refusals.too_large("instances of a study", limit, len(paths))
        instances: dict[Path, Instance] = {}
        subjects: dict[Path, Subject] = {}
        for done, path in enumerate(paths, start=1):
            with open_source(path, self._settings) as source:
                instances[path] = read_instance(path, source)
                subjects[path] = read_subject(source.header)
            if done == 1 and instances[path].compressed:
                self._decoders.warm_up()
            progress(_HEADER_SHARE * done / len(paths), "reading headers")
        return _Headers(instances, subjects)


def _loaded(
    volume: Volume,
    headers: _Headers,
    selection: Selection,
    arrangement: Arrangement,
    *,
    inverted: bool,
) -> LoadedStudy:
    used = {frame.path for frame in arrangement.frames}
    chosen = [i for i in headers.instances if i.frames and i.frames[0].path in used]
    about_values = value_notices(volume.hu, inverted=inverted, lossy=any(i.lossy for i in chosen))
    return LoadedStudy(
        volume=volume,
        subject=headers.subjects[arrangement.frames[0].path],
        series=selection.choice,
        notices=(*selection.notices, *arrangement.notices, *about_values),
        transfer_syntaxes=tuple(sorted({i.transfer_syntax for i in chosen})),
        instance_uids=tuple(frame.sop_instance_uid for frame in arrangement.frames),
        body_part=selection.stack.instance.body_part,
        synthetic=any(i.synthetic for i in chosen),
    )
