/** A time in UTC for people. The build page's script converts it to the reader's time zone. */
export const formatUtc = (iso: string) => `${iso.slice(0, 19).replace('T', ' ')} UTC`
