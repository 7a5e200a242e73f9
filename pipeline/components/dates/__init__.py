"""When things began, happened and were last so: dates, relative dates, durations, times of life."""
