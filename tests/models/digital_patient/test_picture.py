from PIL import Image

from models.digital_patient.picture import GREYS, main


def test_the_picture_is_small(tmp_path):
    """The command writes a grey picture of three patients."""
    target = tmp_path / "picture.png"

    main(target, pixel_mm=5.0)

    with Image.open(target) as picture:
        assert picture.height > 100
        assert len(picture.convert("L").getcolors()) <= GREYS
    assert target.stat().st_size < 150_000
