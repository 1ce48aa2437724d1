// Names that both ends of the Kurento Protocol use in their own code, as types.
export type MediaType = 'AUDIO' | 'VIDEO' | 'DATA';
