/** A moment as everybody can read it; the build page's script makes it the reader's own. */
export const formatUtc = (iso: string) => `${iso.slice(0, 19).replace('T', ' ')} UTC`
