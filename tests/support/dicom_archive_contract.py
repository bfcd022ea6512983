"""What every imaging archive must do, whatever it is made of."""

from datetime import date

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import NotAssessable
from cds.dicomweb.writing import write_series
from cds.errors import StudyVanished
from tests.support.dicom_builder import (
    a_patient,
    a_series,
    a_volume,
    an_identity,
    an_mr_series,
    another_series,
    compress_with_gdcm,
    edit,
    edit_all,
    written,
)


class ArchiveContract:
    """Subclasses provide the fixture `shelf`: `.archive`, `.add(folder)` and `.remove_study(uid)`."""

    identifiers = ("A B", "A&PatientID=C", "A#1", "A+1", "50%", "A/B", "A:B@C", "0012", "12", "A,B", "A")

    def test_finds_a_series_with_its_attributes(self, shelf, tmp_path):
        """Given one chest CT, then its patient, date and acquisition are told without its voxels."""
        written(tmp_path)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())

        expected = a_series()
        for name in (
            *("study_uid", "series_uid", "patient", "modality", "sop_class_uid", "image_type", "instance_count"),
            *("study_date", "body_part", "series_number", "manufacturer", "model", "kvp", "kernel"),
            *("slice_thickness_mm", "lossy"),
        ):
            assert getattr(found, name) == getattr(expected, name), name
        assert (found.rows, found.columns) == (36, 40)

    def test_gives_back_the_voxels_and_their_place(self, shelf, tmp_path):
        """Given a series, when it is retrieved, then HU and affine are those that were written."""
        volume = a_volume()
        write_series(tmp_path, volume)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        retrieved = shelf.archive.retrieve(found)

        np.testing.assert_array_equal(retrieved.hu, volume.hu)
        np.testing.assert_allclose(retrieved.affine_lps, volume.affine_lps, atol=1e-9)
        assert retrieved.series == found

    def test_a_series_known_by_its_identifiers_alone_comes_with_all_its_facts(self, shelf, tmp_path):
        """Given no more than the identifiers of a series, then its images tell the rest, free text included."""
        written(tmp_path, a_series(series_description="Thorax Sn100", protocol_name="Thorax", filter_type="WEDGE"))
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        bare = CtSeries(
            study_uid=found.study_uid,
            series_uid=found.series_uid,
            patient=ArchivedPatient("PAT-1"),
            modality="CT",
            instance_count=found.instance_count,
        )

        assert shelf.archive.retrieve(bare).series == shelf.archive.retrieve(found).series == found
        assert found.series_description == "Thorax Sn100"

    def test_tells_of_the_patient_what_any_image_tells(self, shelf, tmp_path):
        """Given a first image without birth date and sex, then the volume has those of the others."""
        paths = written(tmp_path)
        edit(paths[0], PatientBirthDate="", PatientSex="")
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())

        assert shelf.archive.retrieve(found).series.patient == a_patient()

    @pytest.mark.parametrize(
        "other", [{"PatientBirthDate": "19900101"}, {"PatientSex": "M"}, {"IssuerOfPatientID": "SOUTH"}], ids=str
    )
    def test_images_of_two_people_are_no_volume(self, shelf, tmp_path, other):
        """Given a first image that tells nothing, and two that contradict each other, then none is returned."""
        paths = written(tmp_path, a_series(patient=a_patient(issuer="NORTH")))
        edit(paths[0], PatientBirthDate="", PatientSex="", IssuerOfPatientID="")
        edit(paths[7], **other)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())

        assert [reason.code for reason in shelf.archive.retrieve(found).reasons] == ["patient-mismatch"]

    @pytest.mark.parametrize(
        "transfer_syntax",
        [
            ImplicitVRLittleEndian,
            DeflatedExplicitVRLittleEndian,
            ExplicitVRBigEndian,
            RLELossless,
            JPEG2000Lossless,
            JPEGLSLossless,
        ],
        ids=lambda uid: uid.name,
    )
    def test_reads_every_transfer_syntax(self, shelf, tmp_path, transfer_syntax):
        """Given a compressed or unusual encoding, then the voxels are the same."""
        volume = a_volume()
        write_series(tmp_path, volume, transfer_syntax=transfer_syntax)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())

        np.testing.assert_array_equal(shelf.archive.retrieve(found).hu, volume.hu)

    def test_reads_jpeg_lossless(self, shelf, tmp_path):
        """Given JPEG lossless (process 14, selection value 1), then the voxels are the same."""
        volume = a_volume()
        for path in write_series(tmp_path, volume):
            compress_with_gdcm(path)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())

        np.testing.assert_array_equal(shelf.archive.retrieve(found).hu, volume.hu)

    def test_finds_every_study_and_leaves_out_what_is_not_ct(self, shelf, tmp_path):
        """Given two CT studies, a second series and an MR, then three CT series are found."""
        written(tmp_path / "one")
        written(tmp_path / "one, lung kernel", a_series(series_uid="1.2.3.4", kernel="B70f"))
        written(tmp_path / "two", another_series("two", study_date=date(2024, 1, 2)))
        an_mr_series(tmp_path / "mr")
        shelf.add(tmp_path)
        found = shelf.archive.find_series(an_identity())

        assert sorted((series.study_date, series.kernel) for series in found) == [
            (date(2024, 1, 2), "B30f"),
            (date(2026, 5, 4), "B30f"),
            (date(2026, 5, 4), "B70f"),
        ]

    @pytest.mark.parametrize("stored", ["PAT-10", "pat-1", "XPAT-1", "PAT 1", "PAT-1^A"])
    def test_never_offers_a_similar_identifier(self, shelf, tmp_path, stored):
        """Given images of a patient whose identifier only resembles the one asked for, then nothing is found."""
        written(tmp_path, a_series(patient=a_patient(stored)))
        shelf.add(tmp_path)

        assert shelf.archive.find_series(an_identity("PAT-1")) == ()

    def test_an_identifier_is_taken_literally(self, shelf, tmp_path):
        """Given identifiers with characters that URLs give a meaning to, then exactly each is found."""
        for number, identifier in enumerate(self.identifiers):
            series = another_series(f"of patient {number}", patient=a_patient(identifier))
            written(tmp_path / str(number), series)
        shelf.add(tmp_path)

        for identifier in self.identifiers:
            found = shelf.archive.find_series(an_identity(identifier))
            assert [series.patient.patient_id for series in found] == [identifier]

    def test_padding_of_an_identifier_does_not_count(self, shelf, tmp_path):
        """Given an identifier padded with spaces as DICOM allows, then it is found and told trimmed."""
        edit_all(written(tmp_path), PatientID="PAT-1  ")
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity("PAT-1"))

        assert found.patient.patient_id == "PAT-1"

    def test_tells_two_issuers_apart(self, shelf, tmp_path):
        """Given one identifier issued twice, then only the images of the issuer asked for are found."""
        for issuer in ("NORTH", "SOUTH"):
            patient = a_patient(issuer=issuer)
            written(tmp_path / issuer, another_series(issuer, patient=patient))
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity(issuer="SOUTH"))

        assert found.patient.issuer == "SOUTH"
        assert found.series_uid == another_series("SOUTH").series_uid

    def test_images_without_an_issuer_do_not_match_one(self, shelf, tmp_path):
        """Given images that name no issuer, when an issuer is asked for, then nothing is found."""
        written(tmp_path)
        shelf.add(tmp_path)

        assert shelf.archive.find_series(an_identity(issuer="SOUTH")) == ()

    def test_an_unknown_patient_has_no_series(self, shelf, tmp_path):
        """Given another patient's images, then nothing is found for this one."""
        written(tmp_path)
        shelf.add(tmp_path)

        assert shelf.archive.find_series(an_identity("NOBODY")) == ()

    def test_names_a_missing_slice(self, shelf, tmp_path):
        """Given one slice removed, then the series is not assessable, and the gap is named."""
        paths = written(tmp_path)
        paths[4].unlink()
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        refused = shelf.archive.retrieve(found)

        assert isinstance(refused, NotAssessable)
        assert refused.reasons[0].text == "1 slice(s) are missing, the first near slice position -400.0 mm."

    def test_says_when_a_series_has_gone(self, shelf, tmp_path):
        """Given a series that was deleted after it was found, then retrieving it says so."""
        written(tmp_path)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        shelf.remove_study(found.study_uid)

        with pytest.raises(StudyVanished):
            shelf.archive.retrieve(found)

    def test_still_holds_a_study_until_it_goes(self, shelf, tmp_path):
        """Given a study, then it is held under its patient, and no longer once deleted."""
        written(tmp_path / "one")
        written(tmp_path / "other", another_series("other", patient=a_patient("PAT-2")))
        shelf.add(tmp_path)
        study_uid, series_uid = a_series().study_uid, a_series().series_uid

        assert shelf.archive.standing(study_uid, series_uid, an_identity()) == "held"
        assert shelf.archive.standing("1.2.3.999", series_uid, an_identity()) == "gone"
        assert shelf.archive.standing(study_uid, "1.2.3.999", an_identity()) == "gone"
        shelf.remove_study(study_uid)
        assert shelf.archive.standing(study_uid, series_uid, an_identity()) == "gone"

    def test_does_not_hold_a_study_for_somebody_else(self, shelf, tmp_path):
        """Given a study, then it is not held for another identifier, issuer, birth date or sex."""
        written(tmp_path, a_series(patient=a_patient(issuer="NORTH")))
        shelf.add(tmp_path)
        uids = a_series().study_uid, a_series().series_uid

        assert shelf.archive.standing(*uids, an_identity(issuer="NORTH")) == "held"
        for other in (
            an_identity("PAT-2"),
            an_identity(issuer="SOUTH"),
            an_identity(birth_date=date(1950, 3, 2)),
            an_identity(sex="male"),
        ):
            assert shelf.archive.standing(*uids, other) == "another-patient"

    def test_tells_how_far_it_is(self, shelf, tmp_path):
        """Given a listener, then the told fraction rises to one."""
        written(tmp_path)
        shelf.add(tmp_path)
        (found,) = shelf.archive.find_series(an_identity())
        told = []
        shelf.archive.retrieve(found, lambda _what, fraction: told.append(fraction))

        assert told == sorted(told)
        assert told[-1] == 1.0
