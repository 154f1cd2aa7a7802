from app import app


def test_greets():
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    assert answer.get_json() == {"message": "Hello"}
