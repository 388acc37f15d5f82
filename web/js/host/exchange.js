/** Track files, read and written by the server's half of the pack. */

/** @param {HostApi} api @param {string} path @param {BodyInit} body */
async function post(api, path, body) {
  const response = await api.fetchApi(path, { method: "POST", body });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: response.statusText }));
  throw new Error(error);
}

/** @param {HostApi} api */
export const createExchange = (api) => ({
  /** @param {File} file @param {{width: number, height: number, frames: number}} canvas */
  async importFile(file, { width, height, frames }) {
    const query = new URLSearchParams({ name: file.name, width: String(width), height: String(height), frames: String(frames) });
    return (await post(api, `/wanmove/tracks?${query}`, file)).text();
  },

  /** @param {string} format @param {string} text */
  async exportFile(format, text) {
    const response = await post(api, `/wanmove/tracks?format=${format}`, text);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = /filename="(.*)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `tracks.${format}`;
    link.click();
    URL.revokeObjectURL(link.href);
  },
});
