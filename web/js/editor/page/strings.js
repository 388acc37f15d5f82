/** Labels. English is the key; other languages are tables. */

/** @type {Record<string, string>} */
const ZH = {
  Select: "选择", Draw: "绘制", Anchor: "锚点", Region: "区域", Undo: "撤销", Redo: "重做",
  "Fit to view": "适应视图", "Latent cells": "潜空间网格", Snap: "吸附", Panel: "面板",
  Help: "帮助", "Full screen": "全屏", Play: "播放", Pause: "暂停", "First frame": "第一帧",
  "Last frame": "最后一帧", Loop: "循环", Reverse: "反向", "Mirror left-right": "左右镜像",
  "Mirror up-down": "上下镜像", Duplicate: "复制一份", Delete: "删除", "Bring forward": "上移一层",
  "Send backward": "下移一层", Canvas: "画布", Width: "宽", Height: "高", Frames: "帧数",
  FPS: "帧率", "On resize": "改变尺寸时", "Stretch tracks": "拉伸轨迹", "Keep positions": "保持位置",
  "On new length": "改变长度时", "Keep frames": "保持帧号",
  Background: "背景", Opacity: "不透明度", Choose: "选择图片", Clear: "清除", Tracks: "轨迹", "The video is": "视频为", frames: "帧", "as of the last run": "以上次运行为准", "Use that": "采用", 
  Import: "导入", Export: "导出", Track: "轨迹", tracks: "条轨迹", Name: "名称", Color: "颜色",
  Curve: "曲线", Polyline: "折线", Smooth: "平滑", Bezier: "贝塞尔", Timing: "时间", Start: "开始帧",
  End: "结束帧", Easing: "缓动", Linear: "匀速", "Ease in": "缓入", "Ease out": "缓出",
  "Ease in-out": "缓入缓出", Custom: "自定义", Repeat: "重复", Once: "一次", "Ping-pong": "往返",
  Times: "次数", Backwards: "倒放", Visibility: "可见", Always: "始终", "In windows": "仅在区间内",
  From: "从", To: "到", Spread: "扩散", None: "无", Line: "线", Disc: "圆盘", Points: "点数",
  Size: "大小", Angle: "角度", Fill: "填充", Grid: "网格", Spacing: "间距", Scale: "缩放",
  Knot: "节点", Frame: "到达帧", "Key here": "在此加关键帧",
  "Hold here": "在此停留", "Remove key": "删除关键帧", "Copy easing": "应用到所选", Align: "对齐",
  Pixels: "像素", Cells: "网格", Knots: "节点", "No snap": "不吸附", Locked: "锁定", Hidden: "隐藏",
  "Click the next place. Enter or a double-click ends the path.": "点击下一处。按 Enter 或双击结束路径。",
  "Drag around what should move.": "圈出要移动的区域。",
  "Click what should stay where it is.": "点击应保持不动的位置。",
  "Click or drag from what should move to where it goes. ? shows all keys.": "从要移动的物体点击或拖动到目标位置。按 ? 查看所有按键。",
  "This drawing cannot be read. Nothing was changed.": "无法读取此绘图。内容未被改动。",
  Apply: "应用", "Start empty": "从空白开始", Keyboard: "键盘",
  "Escape or a click closes this.": "按 Esc 或点击即可关闭。",
  "latent frame": "潜空间帧", cells: "个网格", moved: "移动", shared: "重叠",
  "Add a knot; double-click or Enter ends": "添加节点；双击或 Enter 结束",
  "Draw a path freehand": "手绘路径", "Append to the selected path, or select more": "接到所选路径，或多选",
  "Insert a knot": "插入节点", "Delete a knot": "删除节点", "Corner or smooth": "尖角或平滑",
  "Break it": "断开手柄", "Be there at this frame": "此帧到达此处", Zoom: "缩放视图", Pan: "平移视图",
  Retime: "调整时间", "Stagger the selection": "错开所选轨迹", "Finish path": "结束路径",
  "Cancel or deselect": "取消或取消选择", "Select all": "全选", Nudge: "微移",
  "Nudge by 10": "移动 10 像素", "Previous frame": "上一帧", "Next frame": "下一帧",
  "Start here": "在此开始", "End here": "在此结束",
  "hidden at the start: guides nothing": "起始帧不可见：不产生引导",
};

/** @type {(locale: string) => Translate} */
export const translator = (locale) => (text) => (locale.startsWith("zh") && ZH[text]) || text;
