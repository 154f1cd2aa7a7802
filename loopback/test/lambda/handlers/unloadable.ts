throw new TypeError('cannot be loaded')

export const handler = async () => {}
