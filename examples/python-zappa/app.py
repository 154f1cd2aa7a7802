from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def greet():
    return jsonify(message="Hello")
