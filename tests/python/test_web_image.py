"""Images behind addresses."""

import threading
import time

import numpy as np
import pytest
from loopback_server import LoopbackServer, Served
from pictures import encoded, photo

from instseg.errors import ImageError
from instseg.image_input import load_pixels
from instseg.web_image import fetch_image

PHOTO = photo()
PNG = encoded(PHOTO)


def test_an_address_is_an_image(server: LoopbackServer) -> None:
    server.files["/a%20b.png?size=1"] = Served(PNG)
    pixels = load_pixels(f"{server.url}/a%20b.png?size=1")
    np.testing.assert_array_equal(pixels.rgb(), PHOTO)


def test_a_body_without_announced_length(server: LoopbackServer) -> None:
    server.files["/a.png"] = Served(PNG, announced=-1)
    assert fetch_image(f"{server.url}/a.png") == PNG


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (Served(status=404), "answered 404"),
        (Served(status=500), "answered 500"),
        (Served(PNG, announced=len(PNG) + 1), f"broke off after {len(PNG)} of {len(PNG) + 1}"),
        (Served(PNG, cuts=[10]), "broke off after 10 of"),
        (Served(bytes(20_000)), "is larger than 10000 bytes"),
        (Served(bytes(20_000), announced=-1), "is larger than 10000 bytes"),
        (Served(PNG, announced=10**15), "is larger than 10000 bytes"),
        (Served(location="file:///etc/hostname"), "could not be fetched"),
        (Served(PNG[:500], pause_s=0.5), "timed out"),
        (Served(PNG[:500], drip_s=0.01), "took longer than 0.2 s"),
    ],
)
def test_what_can_go_wrong(server: LoopbackServer, served: Served, words: str) -> None:
    url = f"{server.url}/a.png"
    server.files["/a.png"] = served
    with pytest.raises(ImageError, match=words) as caught:
        fetch_image(url, max_bytes=10_000, read_timeout_s=0.1, total_timeout_s=0.2)
    assert url in str(caught.value)


def test_an_answer_that_is_no_image_names_the_address(server: LoopbackServer) -> None:
    server.files["/a.png"] = Served(b"<html>not found</html>")
    with pytest.raises(ImageError, match=f"{server.url}/a.png is not an image"):
        load_pixels(f"{server.url}/a.png")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x.png", "http://", "http://[", "http://127.0.0.1:99999/", "https:///x"],
)
def test_addresses_that_lead_nowhere(url: str) -> None:
    with pytest.raises(ImageError, match="could not be fetched"):
        fetch_image(url)


def test_a_transfer_can_be_cancelled(server: LoopbackServer) -> None:
    server.files["/a.png"] = Served(PNG, drip_s=0.01)
    cancelled = threading.Event()
    threading.Timer(0.1, cancelled.set).start()
    start = time.monotonic()
    with pytest.raises(ImageError, match="no longer wanted"):
        fetch_image(f"{server.url}/a.png", cancelled=cancelled)
    assert time.monotonic() - start < 5
