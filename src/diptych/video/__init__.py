"""Videos: one plan for each scene, smoothed over time, and everything else in the file as it was.

`enhance_video` does one in this process, `enhance_apart` in a process of its own, which a damaged file may take down. Importing
this package does not load PyAV.
"""

from __future__ import annotations

from diptych.video.apart import VideoJob, enhance_apart
from diptych.video.enhancing import VideoReport, enhance_video
from diptych.video.names import is_video, output_suffix

__all__ = ["VideoJob", "VideoReport", "enhance_apart", "enhance_video", "is_video", "output_suffix"]
