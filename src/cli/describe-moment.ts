/** A moment in UTC, to the minute: `2026-11-20 10:00`. */
export const describeMoment = (moment: string) => moment.slice(0, 16).replace('T', ' ')
