// For tests of what is around the reading: media that is read in this process.
import { MediaFile } from '../media-file.ts';
import type { MediaReader } from '../reading/media-readers.ts';

export const IN_PLACE: MediaReader = {
  prepare: () => undefined,
  open: (source) => MediaFile.read(source),
};
