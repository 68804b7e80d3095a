"""Files that hold several images: pages of TIFF and PDF files, frames of videos.

`expansion` finds them among a stream's items; one module per format reads them (`tiff_pages`,
`pdf_pages`, `video_frames`); `page_sequence` has them read in order by background threads.
"""
