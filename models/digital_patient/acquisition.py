"""What the scanner does to a picture: blur, slices, noise with a texture, streaks."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.digital_patient.grid import Floats, Picture, ScanGrid

FWHM_OF_SIGMA = 2.3548
NOISE_PER_CM = 0.05
"""Logarithmic growth of noise per cm of water path: half of the physics, tube current makes up for the rest."""
REFERENCE_PATH_CM = 28.0
METAL_HU = 2600.0
BRIGHT_BLOOD_HU = 280.0
STREAK_FADE_MM = 70.0
STREAK_ANGLES = 720


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Voxels, blur and noise of one reconstruction."""

    pixel_mm: float = 1.5
    field_of_view_mm: float = 360.0
    slice_interval_mm: float = 2.0
    slice_thickness_mm: float = 2.0
    psf_fwhm_mm: float = 1.4
    edge_enhancement: float = 0.0
    """0 for a soft kernel, about 1 for a sharp one."""
    noise_sd_hu: float = 18.0
    noise_peak_per_mm: float = 0.25
    """f0 of the noise power f exp(-(f/f0)^2); sharper kernels have a larger one."""
    streaks: bool = True


def slices_of(fine: Picture, grid: ScanGrid, thickness_mm: float, per_slice: int) -> Picture:
    """Average thin slices over the slice thickness; `grid` is the thin one."""
    step = grid.spacing_mm[0]
    count = grid.shape[0] // per_slice
    if per_slice == 1 and thickness_mm <= step * 1.001:
        return fine
    places = np.arange(grid.shape[0]) * step
    result = np.empty((count, *fine.shape[1:]), np.float32)
    for index in range(count):
        middle = (index * per_slice + (per_slice - 1) / 2) * step
        overlap = np.minimum(places + step / 2, middle + thickness_mm / 2) - np.maximum(
            places - step / 2, middle - thickness_mm / 2
        )
        weights = np.clip(overlap, 0, None).astype(np.float32)
        used = np.flatnonzero(weights)
        result[index] = np.tensordot(weights[used] / weights[used].sum(), fine[used[0] : used[-1] + 1], axes=1)
    return result


def blurred(picture: Picture, acquisition: Acquisition) -> Picture:
    """In-plane point spread, with edge enhancement if the kernel is sharp."""
    sigma = acquisition.psf_fwhm_mm / FWHM_OF_SIGMA / acquisition.pixel_mm
    soft: Picture = ndimage.gaussian_filter(picture, (0, sigma, sigma), truncate=3)
    if acquisition.edge_enhancement:
        wide = ndimage.gaussian_filter(soft, (0, 1.6 * sigma, 1.6 * sigma), truncate=3)
        soft = soft + acquisition.edge_enhancement * (soft - wide)
    return soft


def noise(shape: tuple[int, int, int], acquisition: Acquisition, paths_cm: Floats, rng: np.random.Generator) -> Picture:
    """Shaped noise: power f exp(-(f/f0)^2) in the slice, slices that overlap share some of it."""
    rows, columns = shape[1:]
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None]) / acquisition.pixel_mm
    shape_of = np.sqrt(frequency * np.exp(-((frequency / acquisition.noise_peak_per_mm) ** 2)))
    full = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None]) / acquisition.pixel_mm
    gain = np.sqrt((full * np.exp(-((full / acquisition.noise_peak_per_mm) ** 2))).mean())
    shape_of = (shape_of / gain).astype(np.float32)
    found = np.empty(shape, np.float32)
    level = acquisition.noise_sd_hu * np.exp(NOISE_PER_CM * (paths_cm - REFERENCE_PATH_CM))
    for index in range(shape[0]):
        white = rng.standard_normal((rows, columns), np.float32)
        found[index] = np.fft.irfft2(np.fft.rfft2(white) * shape_of, s=(rows, columns)) * level[index]
    overlap = round(acquisition.slice_thickness_mm / acquisition.slice_interval_mm)
    if overlap > 1:
        found = ndimage.uniform_filter1d(found, overlap, axis=0) * np.float32(np.sqrt(overlap))
    return found


def centre_weight(shape: tuple[int, int, int]) -> Picture:
    """Noise is largest in the middle of the field of view."""
    y, x = (np.linspace(-1, 1, size) for size in shape[1:])
    weight: Picture = (1.1 - 0.45 * np.clip(np.hypot(x[None], y[:, None]), 0, 1)).astype(np.float32)
    return weight


def streaks(hu: Picture, bright: NDArray[np.bool_], acquisition: Acquisition, rng: np.random.Generator) -> Picture:
    """Rays from metal and from very bright vessels, and a dark band between two such objects.

    `bright` marks vessels with iodine. A picture of the effect, not a model of its physics.
    """
    added = np.zeros_like(hu)
    y, x = np.indices(hu.shape[1:], dtype=np.float32) * np.float32(acquisition.pixel_mm)
    profile = ndimage.gaussian_filter1d(rng.standard_normal(STREAK_ANGLES), 4, mode="wrap")
    profile /= profile.std()
    for index in range(len(hu)):
        objects = _objects(hu[index], bright[index])
        for row, column, strength in objects:
            down, across = y - row * acquisition.pixel_mm, x - column * acquisition.pixel_mm
            turn = (np.arctan2(down, across) / np.pi % 1 * STREAK_ANGLES).astype(int) % STREAK_ANGLES
            distance = np.hypot(down, across)
            added[index] += strength * profile[turn] * np.exp(-distance / STREAK_FADE_MM) * (distance > 4)
        for first, second in itertools.pairwise(objects):
            added[index] -= _band(first, second, hu.shape[1:], acquisition.pixel_mm)
    return added


def _objects(picture: Picture, bright: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Row, column and strength in HU of what throws streaks."""
    metal = picture > METAL_HU
    contrast = bright & (picture > BRIGHT_BLOOD_HU) & ~metal
    found: list[tuple[float, float, float]] = []
    for mask, least in ((metal, 3), (contrast, 30)):
        if not mask.any():
            continue
        labels, count = ndimage.label(mask)
        sizes = np.bincount(labels.ravel())[1:]
        for label in np.argsort(sizes)[::-1][:4] + 1 if count else ():
            if sizes[label - 1] >= least:
                row, column = ndimage.center_of_mass(labels == label)
                strength = 90.0 if mask is metal else 0.03 * float(picture[labels == label].mean())
                found.append((float(row), float(column), strength))
    return found


def _band(
    first: tuple[float, float, float], second: tuple[float, float, float], shape: tuple[int, ...], pixel_mm: float
) -> Floats:
    rows, columns = np.indices(shape)
    start, along = np.array(first[:2]), np.array(second[:2]) - np.array(first[:2])
    length = max(float(np.hypot(*along)), 1.0)
    share = ((rows - start[0]) * along[0] + (columns - start[1]) * along[1]) / length**2
    off = ((rows - start[0]) * along[1] - (columns - start[1]) * along[0]) / length * pixel_mm
    inside = np.clip(1 - 2 * np.abs(share - 0.5), 0, None) ** 0.3
    band: Floats = min(first[2], second[2]) * 1.5 * inside * np.exp(-((off / 5) ** 2))
    return band
