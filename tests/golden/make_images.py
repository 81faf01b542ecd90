#!/usr/bin/env python3
"""Small pictures in the kinds that are read, and what an independent reader makes of them.

    pip install pillow; tests/golden/make_images.py tests/files/images

NAME.png, .jpg, .bmp are the files; rgb.ppm and grey.pgm the pixels of all that lose nothing,
NAME.jpg.ppm those of a JPEG, and fit_WAY_WxH.ppm rgb in other sizes. tests/image/test_image.c reads
them.
"""
import sys
from pathlib import Path

from PIL import Image

W, H = 13, 9


def rgb():
    image = Image.new("RGB", (W, H))
    for y in range(H):
        for x in range(W):
            image.putpixel((x, y), (x * 20, y * 30, (x * y * 5 + 40 * (x > 6)) % 256))
    return image


def main(folder):
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    colour = rgb()
    grey = colour.convert("L")
    few = colour.quantize(250, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    assert few.convert("RGB").tobytes() == colour.tobytes()
    alpha = Image.new("L", (W, H))
    alpha.putdata([i * 2 for i in range(W * H)])
    colour.save(out / "rgb.ppm")
    grey.save(out / "grey.pgm")
    colour.save(out / "rgb.png")
    colour.save(out / "rgb.bmp")
    few.save(out / "palette.png")
    few.save(out / "palette.bmp")
    Image.merge("RGBA", (*colour.split(), alpha)).save(out / "alpha.png")
    grey.save(out / "grey.png")
    Image.merge("LA", (grey, alpha)).save(out / "grey_alpha.png")
    deep = Image.new("I;16", (W, H))
    deep.putdata([v * 257 for v in grey.tobytes()])
    deep.save(out / "deep.png")
    for name, picture, options in (
        ("plain", colour, {"quality": 95, "subsampling": 0}),
        ("half", colour, {"quality": 90, "subsampling": 2}),
        ("progressive", colour, {"quality": 92, "subsampling": 0, "progressive": True}),
        ("grey", grey, {"quality": 90}),
    ):
        picture.save(out / f"{name}.jpg", **options)
        back = Image.open(out / f"{name}.jpg")
        back.save(out / f"{name}.jpg.ppm", format="PPM")
    box, linear = Image.Resampling.BOX, Image.Resampling.BILINEAR
    # means over areas: of whole pixels, once all are as many as both sizes divide
    many = colour.resize((W * 5, H * 4), Image.Resampling.NEAREST)
    many.resize((5, 4), box).save(out / "fit_stretch_5x4.ppm")
    colour.resize((26, 18), linear).save(out / "fit_stretch_26x18.ppm")
    many = colour.crop((2, 0, 11, 9)).resize((18, 18), Image.Resampling.NEAREST)
    many.resize((6, 6), box).save(out / "fit_crop_6x6.ppm")
    colour.resize((20, 27), linear, box=(13 / 2 - 10 / 3, 0, 13 / 2 + 10 / 3, 9)).save(
        out / "fit_crop_20x27.ppm"
    )
    colour.crop((2, 0, 11, 9)).save(out / "fit_crop_9x9.ppm")


if __name__ == "__main__":
    main(sys.argv[1])
