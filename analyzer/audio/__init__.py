"""Recordings: any format to samples per channel, voice activity, levels, sound for the report page."""
