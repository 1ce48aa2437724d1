// Small questions about the tracks of a media stream. Knows neither devices nor legs.

export function sameTracks(one: MediaStream | undefined, other: MediaStream | undefined): boolean {
  const [a, b] = [one?.getTracks() ?? [], other?.getTracks() ?? []];
  return a.length === b.length && a.every((track) => b.includes(track));
}

export function kindsOf(media: MediaStream | undefined): { audio: boolean; video: boolean } {
  return {
    audio: (media?.getAudioTracks().length ?? 0) > 0,
    video: (media?.getVideoTracks().length ?? 0) > 0,
  };
}

export function stopTracks(media: MediaStream): void {
  for (const track of media.getTracks()) track.stop();
}
