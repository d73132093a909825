"""The style sheet of the whole window, generated from the theme's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.ui.theme import CONTROL_HEIGHT, RADIUS_CARD, RADIUS_CONTROL, Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QColor


def stylesheet(colors: Mapping[Token, QColor]) -> str:
    """Return the style sheet for these colours."""
    c = {token.name.lower(): color.name() for token, color in colors.items()}
    parts = (_ground(c), _labels(c), _buttons(c), _fields(c), _choices(c), _tables(c), _bars(c))
    return "\n".join(parts)


def _ground(c: Mapping[str, str]) -> str:
    return f"""
QMainWindow, QDialog, QWidget[ground="window"] {{ background: {c["window"]}; }}
QWidget[ground="sidebar"] {{ background: {c["sidebar"]}; }}
QWidget[ground="surface"] {{ background: {c["surface"]}; }}
QFrame[frame="card"] {{
    background: {c["surface"]}; border: 1px solid {c["line"]}; border-radius: {RADIUS_CARD}px;
}}
QFrame[frame="line"] {{ background: {c["line"]}; border: none; }}
QFrame[edge="right"] {{ border: none; border-right: 1px solid {c["line"]}; }}
QFrame[edge="left"] {{ border: none; border-left: 1px solid {c["line"]}; }}
QFrame[edge="top"] {{ border: none; border-top: 1px solid {c["line"]}; }}
QFrame[notice="info"] {{
    background: {c["surface"]}; border: 1px solid {c["line"]}; border-radius: {RADIUS_CONTROL}px;
}}
QFrame[notice="done"] {{ background: {c["fresh_ground"]}; border: none; border-radius: {RADIUS_CONTROL}px; }}
QFrame[notice="warning"] {{ background: {c["stale_ground"]}; border: none; border-radius: {RADIUS_CONTROL}px; }}
QFrame[notice="failure"] {{ background: {c["unavailable_ground"]}; border: none; border-radius: {RADIUS_CONTROL}px; }}
QFrame[caution] {{ border: none; border-top: 1px solid {c["line"]}; background: {c["surface"]}; }}
QFrame[caution="note"] {{ background: {c["group_row"]}; }}
QFrame[caution="warning"] {{ background: {c["stale_ground"]}; }}
QFrame[caution="danger"] {{ background: {c["unavailable_ground"]}; }}
QToolTip {{
    background: {c["surface"]}; color: {c["text"]}; border: 1px solid {c["line"]}; padding: 4px 8px;
}}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QStackedWidget {{ background: transparent; }}
"""


def _labels(c: Mapping[str, str]) -> str:
    rules = (f'QLabel[token="{name.replace("_", "-")}"] {{ color: {value}; }}' for name, value in c.items())
    return "QLabel { background: transparent; }\n" + "\n".join(rules)


def _buttons(c: Mapping[str, str]) -> str:
    # Borders are as wide with focus as without, so that nothing moves when the focus comes.
    return f"""
QPushButton {{
    background: {c["surface"]}; color: {c["text"]}; border: 2px solid {c["surface"]}; border-radius: {RADIUS_CONTROL}px;
    padding: 0 10px; min-height: {CONTROL_HEIGHT - 4}px; outline: none;
}}
QPushButton[kind="secondary"] {{ border: 1px solid {c["line"]}; padding: 0 11px; min-height: {CONTROL_HEIGHT - 2}px; }}
QPushButton[kind="secondary"]:hover {{ background: {c["group_row"]}; border-color: {c["muted"]}; }}
QPushButton[kind="secondary"]:pressed {{ background: {c["accent_soft"]}; }}
QPushButton[kind="secondary"]:checked {{
    background: {c["accent_soft"]}; color: {c["accent"]}; border-color: {c["accent"]};
}}
QPushButton[kind="secondary"]:focus {{
    border: 2px solid {c["accent"]}; padding: 0 10px; min-height: {CONTROL_HEIGHT - 4}px;
}}
QPushButton[kind="secondary"]:disabled {{ color: {c["muted"]}; background: {c["window"]}; }}
QPushButton[kind="primary"] {{ background: {c["accent"]}; color: {c["on_accent"]}; border: 2px solid {c["accent"]}; }}
QPushButton[kind="primary"]:hover {{ border-color: {c["muted"]}; }}
QPushButton[kind="primary"]:pressed {{ border-color: {c["text"]}; }}
QPushButton[kind="primary"]:focus {{ border-color: {c["text"]}; }}
QPushButton[kind="primary"]:disabled {{
    background: {c["line"]}; color: {c["muted"]}; border-color: {c["line"]};
}}
QPushButton[kind="primary"][tall="true"] {{ min-height: {CONTROL_HEIGHT + 4}px; border-radius: 8px; }}
QPushButton[kind="danger"] {{
    background: {c["unavailable"]}; color: {c["surface"]}; border: 2px solid {c["unavailable"]};
}}
QPushButton[kind="danger"]:focus {{ border-color: {c["text"]}; }}
QPushButton[kind="danger"]:disabled {{ background: {c["line"]}; color: {c["muted"]}; border-color: {c["line"]}; }}
QPushButton[kind="link"] {{
    background: transparent; color: {c["accent"]}; border: 2px solid transparent; padding: 0 4px; min-height: 20px;
}}
QPushButton[kind="link"]:hover {{ text-decoration: underline; }}
QPushButton[kind="link"]:focus {{ border-color: {c["accent"]}; }}
QPushButton[kind="link"]:disabled {{ color: {c["muted"]}; }}
QPushButton[kind="link"][quiet="true"] {{ color: {c["muted"]}; }}
QPushButton[kind="link"][warns="true"] {{ color: {c["stale"]}; }}
QPushButton[kind="icon"] {{
    background: transparent; border: 2px solid transparent; padding: 0; min-height: 24px; max-height: 24px;
    min-width: 24px; max-width: 24px;
}}
QPushButton[kind="icon"]:hover {{ background: {c["accent_soft"]}; }}
QPushButton[kind="icon"]:focus {{ border-color: {c["accent"]}; }}
QPushButton[kind="navigation"] {{
    background: transparent; border: 2px solid transparent; text-align: left; padding: 0 8px;
    min-height: {CONTROL_HEIGHT - 4}px;
}}
QPushButton[kind="navigation"]:hover {{ background: {c["line"]}; }}
QPushButton[kind="navigation"]:checked {{ background: {c["accent_soft"]}; color: {c["accent"]}; }}
QPushButton[kind="navigation"]:focus {{ border-color: {c["accent"]}; }}
QPushButton[kind="navigation"]:disabled {{ color: {c["muted"]}; }}
QPushButton[kind="segment"] {{
    background: transparent; border: 2px solid transparent; color: {c["muted"]}; border-radius: 5px; padding: 0 10px;
    min-height: {CONTROL_HEIGHT - 6}px;
}}
QPushButton[kind="segment"]:checked {{ background: {c["accent_soft"]}; color: {c["accent"]}; }}
QPushButton[kind="segment"]:focus {{ border-color: {c["accent"]}; }}
QPushButton[kind="choice-card"] {{
    background: {c["surface"]}; border: 1px solid {c["line"]}; border-radius: {RADIUS_CARD}px; text-align: left;
    min-height: 68px; max-height: 68px; padding: 0;
}}
QPushButton[kind="choice-card"]:hover {{ border-color: {c["muted"]}; background: {c["group_row"]}; }}
QPushButton[kind="choice-card"]:focus {{
    border: 2px solid {c["accent"]}; min-height: 66px; max-height: 66px;
}}
"""


def _fields(c: Mapping[str, str]) -> str:
    return f"""
QLineEdit, QPlainTextEdit, QSpinBox, QComboBox {{
    background: {c["surface"]}; color: {c["text"]}; border: 1px solid {c["line"]}; border-radius: {RADIUS_CONTROL}px;
    padding: 0 9px; min-height: {CONTROL_HEIGHT - 2}px; selection-background-color: {c["accent"]};
    selection-color: {c["on_accent"]}; placeholder-text-color: {c["muted"]};
}}
QPlainTextEdit {{ padding: 6px 5px; }}
QLineEdit:hover, QPlainTextEdit:hover, QSpinBox:hover, QComboBox:hover {{ border-color: {c["muted"]}; }}
QLineEdit[tall="true"] {{ min-height: {CONTROL_HEIGHT + 6}px; border-radius: 8px; padding: 0 12px; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QComboBox:focus {{
    border: 2px solid {c["accent"]}; padding: 0 8px; min-height: {CONTROL_HEIGHT - 4}px;
}}
QPlainTextEdit:focus {{ padding: 5px 4px; }}
QLineEdit[tall="true"]:focus {{ min-height: {CONTROL_HEIGHT + 4}px; padding: 0 11px; }}
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"] {{ border-color: {c["unavailable"]}; }}
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QComboBox:disabled {{
    color: {c["muted"]}; background: {c["window"]};
}}
QSpinBox::up-button, QSpinBox::down-button {{ width: 16px; border: none; background: transparent; }}
QComboBox {{ combobox-popup: 0; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; }}
QComboBox QAbstractItemView {{
    background: {c["surface"]}; color: {c["text"]}; border: 1px solid {c["line"]}; outline: none; padding: 4px;
    selection-background-color: {c["accent_soft"]}; selection-color: {c["text"]};
}}
QComboBox QAbstractItemView::item {{ min-height: 28px; padding: 0 6px; }}
"""


def _choices(c: Mapping[str, str]) -> str:
    return f"""
QCheckBox, QRadioButton {{
    background: transparent; color: {c["text"]}; spacing: 8px; padding: 2px; border: 2px solid transparent;
    border-radius: {RADIUS_CONTROL}px; min-height: 20px;
}}
QCheckBox:focus, QRadioButton:focus {{ border-color: {c["accent"]}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {c["muted"]}; }}
QCheckBox::indicator, QRadioButton::indicator {{
    width: 14px; height: 14px; background: {c["surface"]}; border: 1px solid {c["muted"]}; border-radius: 4px;
}}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:checked {{ background: {c["accent"]}; border-color: {c["accent"]}; }}
QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 5px solid {c["accent"]}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {c["line"]}; }}
QMenu {{ background: {c["surface"]}; color: {c["text"]}; border: 1px solid {c["line"]}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 8px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c["accent_soft"]}; }}
QMenu::item:disabled {{ color: {c["muted"]}; }}
QMenu::separator {{ height: 1px; background: {c["line"]}; margin: 4px 0; }}
"""


def _tables(c: Mapping[str, str]) -> str:
    return f"""
QTableView, QTreeView, QListView, QListWidget {{
    background: {c["surface"]}; color: {c["text"]}; border: 1px solid {c["line"]}; border-radius: {RADIUS_CARD}px;
    gridline-color: {c["line"]}; outline: none; selection-background-color: {c["accent_soft"]};
    selection-color: {c["text"]};
}}
QTableView:focus, QTreeView:focus, QListView:focus {{ border: 1px solid {c["accent"]}; }}
QHeaderView {{ background: transparent; border: none; }}
QHeaderView::section {{
    background: {c["surface"]}; color: {c["muted"]}; border: none; border-bottom: 1px solid {c["line"]};
    padding: 0 14px; min-height: 36px;
}}
QHeaderView::section:first {{ border-top-left-radius: {RADIUS_CARD}px; }}
QHeaderView::section:last {{ border-top-right-radius: {RADIUS_CARD}px; }}
QTableCornerButton::section {{ background: {c["surface"]}; border: none; }}
"""


def _bars(c: Mapping[str, str]) -> str:
    return f"""
QProgressBar {{
    background: {c["line"]}; border: none; border-radius: 2px; min-height: 4px; max-height: 4px; color: transparent;
}}
QProgressBar::chunk {{ background: {c["accent"]}; border-radius: 2px; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {c["line"]}; border-radius: 4px; margin: 2px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {c["muted"]}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
